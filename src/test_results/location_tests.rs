use super::*;

fn at(message: &str, class: &str) -> Option<String> {
    find(message, Named { class, ..Named::default() })
}

#[test]
fn a_position_in_the_tests_own_file_wins() {
    let trace = "java.lang.AssertionError\n\tat org.junit.Assert.fail(Assert.java:88)\n\tat com.acme.CartTest.pays(CartTest.java:42)";
    assert_eq!(at(trace, "com.acme.CartTest").as_deref(), Some("CartTest.java:42"));
    assert_eq!(at(trace, "").as_deref(), Some("Assert.java:88"));
}

#[test]
fn the_dialects_are_understood() {
    assert_eq!(at("thread 'main' panicked at src/cart.rs:12:5:\nboom", "").as_deref(), Some("src/cart.rs:12"));
    assert_eq!(at("tests/test_cart.py:7: AssertionError", "").as_deref(), Some("tests/test_cart.py:7"));
    assert_eq!(at("  File \"/app/t.py\", line 31, in test_pays", "").as_deref(), Some("/app/t.py:31"));
    assert_eq!(at("(in test file bt/a.bats, line 2)", "").as_deref(), Some("bt/a.bats:2"));
    let node = "at Module.load (node:internal/modules:12:1)\n at Object.<anonymous> (/app/cart.test.js:5:3)";
    assert_eq!(at(node, "").as_deref(), Some("/app/cart.test.js:5"));
    assert_eq!(at("at file:///app/cart.mjs:5:3", "").as_deref(), Some("/app/cart.mjs:5"));
}

#[test]
fn what_only_looks_like_a_position_is_none() {
    assert_eq!(at("connect 10.0.0.1:5432 refused, http://shop.example:80 at 12:30:01", ""), None);
    assert_eq!(at("expected a.b:0", ""), None);
}

#[test]
fn attributes_are_used_before_a_position_elsewhere() {
    let case = Named { file: Some("tests/cart.py"), line: Some("9"), ..Named::default() };
    assert_eq!(find("lib/other.py:3: boom", case).as_deref(), Some("tests/cart.py:9"));
    assert_eq!(find("tests/cart.py:12: boom", case).as_deref(), Some("tests/cart.py:12"));
}
