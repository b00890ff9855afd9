use super::*;

const MAIN: &str = "force-app/main/default";

fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, content)| (format!("{MAIN}/{path}"), (*content).to_owned())).collect()
}

fn words_of(from: &[(&str, &str)], to: &[(&str, &str)]) -> (String, String, Vec<String>) {
    let package = Package::between(&files(from), &files(to)).unwrap();
    (words(&package.restores), words(&package.removes), package.warnings)
}

const CART: [(&str, &str); 2] = [("classes/Cart.cls", "1"), ("classes/Cart.cls-meta.xml", "m")];

#[test]
fn what_changed_or_went_comes_back_and_what_was_added_goes() {
    let from = [
        ("classes/Cart.cls", "2"),
        ("classes/Cart.cls-meta.xml", "m"),
        ("classes/CartFix.cls", "f"),
        ("classes/CartFix.cls-meta.xml", "m"),
        ("lwc/cart/cart.js", "2"),
        ("lwc/cart/new.html", "n"),
        ("lwc/same/same.js", "s"),
    ];
    let to = [
        ("classes/Cart.cls", "1"),
        ("classes/Cart.cls-meta.xml", "m"),
        ("classes/Gone.cls", "g"),
        ("lwc/cart/cart.js", "1"),
        ("lwc/cart/cart.html", "h"),
        ("lwc/same/same.js", "s"),
    ];
    let package = Package::between(&files(&from), &files(&to)).unwrap();
    assert_eq!(words(&package.restores), "ApexClass Cart, Gone; LightningComponentBundle cart");
    assert_eq!(words(&package.removes), "ApexClass CartFix");
    // A component is deployed whole: what did not change of it too.
    let deployed: Vec<&str> = package.files.keys().map(|path| path.strip_prefix(MAIN).unwrap()).collect();
    let whole = ["/classes/Cart.cls", "/classes/Cart.cls-meta.xml", "/classes/Gone.cls", "/lwc/cart/cart.html"];
    assert_eq!(deployed, [&whole[..], &["/lwc/cart/cart.js"]].concat());
    assert_eq!(package.warnings, Vec::<String>::new());
}

#[test]
fn the_digest_is_that_of_what_is_deployed() {
    let package = |from: &[(&str, &str)]| Package::between(&files(from), &files(&CART)).unwrap();
    let bad = package(&[("classes/Cart.cls", "2"), CART[1]]);
    let worse = package(&[("classes/Cart.cls", "3"), CART[1]]);
    let added = package(&[("classes/Cart.cls", "2"), CART[1], ("classes/New.cls", "n")]);
    assert_eq!(bad.digest(), worse.digest(), "the same is brought back");
    assert_ne!(bad.digest(), added.digest(), "more is deleted");
}

#[test]
fn what_no_deployment_takes_back_is_told() {
    let flow = |content| ("flows/Send.flow-meta.xml", content);
    let (restores, removes, warnings) = words_of(&[flow("2"), ("flows/New.flow-meta.xml", "n")], &[flow("1")]);
    assert_eq!((restores.as_str(), removes.as_str()), ("Flow Send", ""));
    assert!(warnings[0].contains("Flow New was added and stays"), "{warnings:?}");
    assert!(warnings[1].contains("look in Setup that it is the active one"), "{warnings:?}");
    let refused = Package::between(&files(&[("flows/New.flow-meta.xml", "n")]), &Files::new()).unwrap_err();
    assert!(refused.starts_with("nothing of it can be taken back: Flow New"), "{refused}");
}

#[test]
fn a_field_goes_with_its_object_and_the_records_too() {
    let (_, removes, warnings) = words_of(
        &[
            CART[0],
            ("objects/Cart__c/Cart__c.object-meta.xml", "o"),
            ("objects/Cart__c/fields/Total__c.field-meta.xml", "t"),
            ("objects/Account/fields/Cart__c.field-meta.xml", "c"),
        ],
        &CART[..1],
    );
    assert_eq!(removes, "CustomField Account.Cart__c; CustomObject Cart__c");
    assert_eq!(warnings, ["an object that is deleted takes its records with it"]);
}

#[test]
fn what_is_part_of_nothing_known_is_refused_only_where_it_differs() {
    let odd = |content| ("documents/Logos/a.png", content);
    let refused = Package::between(&files(&[CART[0], odd("2")]), &files(&[CART[0], odd("1")])).unwrap_err();
    assert!(refused.contains("documents/Logos/a.png is part of is not known"), "{refused}");
    let (restores, ..) = words_of(&[("classes/Cart.cls", "2"), odd("1")], &[CART[0], odd("1")]);
    assert_eq!(restores, "ApexClass Cart");
    let nothing = Package::between(&files(&CART), &files(&CART)).unwrap_err();
    assert!(nothing.contains("nothing to take back"), "{nothing}");
}

#[test]
fn a_manifest_is_xml_whatever_the_names_are() {
    let members: Members = [("Layout".into(), ["A <&> B %28x%29".to_owned()].into())].into();
    insta::assert_snapshot!(manifest(&members, Some("62.0")), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Package xmlns="http://soap.sforce.com/2006/04/metadata">
        <types>
            <members>A &lt;&amp;&gt; B %28x%29</members>
            <name>Layout</name>
        </types>
        <version>62.0</version>
    </Package>
    "#);
}
