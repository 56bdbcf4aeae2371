//! Guests of the ABI that are written with the SDKs of other languages (`guest-sdk/c`, `guest-sdk/go`,
//! `guest-sdk/assemblyscript`).

mod languages;
