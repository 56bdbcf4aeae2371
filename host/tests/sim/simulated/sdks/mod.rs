//! Guests of the ABI that are written with the SDKs of other languages, in the simulator.

mod languages;
