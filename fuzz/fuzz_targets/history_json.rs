#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| host::fuzz::history_json(bytes));
