use proptest::prelude::*;

use super::Version;

fn version(name: &str) -> Version {
    Version::of_tag(name).unwrap()
}

#[test]
fn orders_as_semantic_versioning_says() {
    let ascending = [
        "v0.9",
        "v1.0.0-alpha",
        "v1.0.0-alpha.1",
        "v1.0.0-alpha.beta",
        "v1.0.0-beta",
        "v1.0.0-beta.2",
        "v1.0.0-beta.11",
        "v1.0.0-rc.1",
        "v1.0.0",
        "v1.9.0",
        "v1.10.0-rc1",
        "v1.10.0-rc2",
        "v1.10.0-rc10",
        "v1.10.0",
        "v1.10.0.1",
        "v2.0",
    ];
    for pair in ascending.windows(2) {
        assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
    }
}

#[test]
fn reads_what_people_write() {
    assert!(version("release-2.4") > version("release-2.3.9"));
    assert!(version("app/v3.0.0+build5") < version("app/v3.0.1"));
    assert!(version("1.1.1k") > version("1.1.1"));
    assert!(version("1.1.1k") < version("1.1.1l"));
    assert!(version("v2.4.1-hotfix.1") > version("v2.4.1"));
    assert!(version("v2.4.1rc1").is_prerelease());
    assert!(version("v99999999999999999999999.0") > version("v1.0"));
    assert_eq!(Version::of_tag("vnext"), None);
}

#[test]
fn knows_a_patch_release() {
    assert!(version("v2.4.2").is_patch_of(&version("v2.4.1")));
    assert!(!version("v2.5.0").is_patch_of(&version("v2.4.1")));
    assert!(!version("v2.4.1").is_patch_of(&version("v2.4.1")));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn numbers_order_as_numbers(a in prop::array::uniform3(0u64..2000), b in prop::array::uniform3(0u64..2000)) {
        let name = |n: [u64; 3]| format!("v{}.{}.{}", n[0], n[1], n[2]);
        prop_assert_eq!(version(&name(a)).cmp(&version(&name(b))), a.cmp(&b));
    }

    #[test]
    fn never_panics(name in ".{0,40}") {
        let _ = Version::of_tag(&name);
    }
}
