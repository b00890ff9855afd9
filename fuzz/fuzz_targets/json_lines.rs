#![no_main]

use libfuzzer_sys::fuzz_target;

mod rules;

fuzz_target!(|bytes: &[u8]| rules::hold(&[b"{\"Action\":\"start\"}\n".as_slice(), bytes].concat()));
