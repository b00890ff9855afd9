#![no_main]

use libfuzzer_sys::fuzz_target;

mod rules;

const ROOTS: [&[u8]; 4] = [b"<TestRun>", b"<test-run>", b"<test-results>", b"<assemblies>"];

fuzz_target!(|bytes: &[u8]| {
    let root = ROOTS[usize::from(bytes.first().copied().unwrap_or(0)) % ROOTS.len()];
    rules::hold(&[root, bytes].concat());
});
