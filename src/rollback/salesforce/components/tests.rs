use super::*;

fn found(path: &str) -> String {
    match find(path) {
        Found::Part(component) => format!("{} {}", component.kind, component.name),
        Found::Ignored => "-".into(),
        Found::Unknown => "?".into(),
    }
}

#[test]
fn a_file_is_part_of_the_component_whose_place_it_has() {
    let main = "force-app/main/default";
    for (path, expected) in [
        ("classes/Cart.cls", "ApexClass Cart"),
        ("classes/Cart.cls-meta.xml", "ApexClass Cart"),
        ("classes/checkout/deep/Cart.cls", "ApexClass Cart"),
        ("triggers/CartTrigger.trigger", "ApexTrigger CartTrigger"),
        ("lwc/cart/cart.js", "LightningComponentBundle cart"),
        ("lwc/cart/helpers/sum.js", "LightningComponentBundle cart"),
        ("aura/Cart/CartController.js", "AuraDefinitionBundle Cart"),
        ("staticresources/logo.png", "StaticResource logo"),
        ("staticresources/logo.resource-meta.xml", "StaticResource logo"),
        ("staticresources/theme/css/a.css", "StaticResource theme"),
        ("objects/Cart__c/Cart__c.object-meta.xml", "CustomObject Cart__c"),
        ("objects/Cart__c/fields/Total__c.field-meta.xml", "CustomField Cart__c.Total__c"),
        ("objects/Account/validationRules/Has_Phone.validationRule-meta.xml", "ValidationRule Account.Has_Phone"),
        ("customMetadata/Rate.EU.md-meta.xml", "CustomMetadata Rate.EU"),
        ("layouts/Cart__c-Cart %28EU%29.layout-meta.xml", "Layout Cart__c-Cart %28EU%29"),
        ("reports/Sales/Won.report-meta.xml", "Report Sales/Won"),
        ("reports/Sales.reportFolder-meta.xml", "Report Sales"),
        ("email/Sales/Hello.email", "EmailTemplate Sales/Hello"),
        ("permissionsets/Clerk.permissionset-meta.xml", "PermissionSet Clerk"),
        ("lwc/cart/__tests__/cart.test.js", "-"),
        ("lwc/jsconfig.json", "-"),
        ("classes/README.md", "-"),
        ("documents/Logos/a.png", "?"),
        ("classes/Cart.txt", "?"),
    ] {
        assert_eq!(found(&format!("{main}/{path}")), expected, "{path}");
    }
    assert_eq!(found("classes/main/default/lwc/cart/cart.js"), "LightningComponentBundle cart");
    assert_eq!(found("force-app/notes.yaml"), "?");
}

#[test]
fn each_type_of_the_table_is_found_by_its_own_words() {
    for kind in &TABLE.kinds {
        let (folder, suffix) = (&kind.folder, &kind.suffix);
        let path = match kind.shape {
            Shape::File => format!("{folder}/X.{suffix}-meta.xml"),
            Shape::Nested => format!("{folder}/F/X.{suffix}-meta.xml"),
            Shape::Bundle => format!("{folder}/X/x.js"),
            Shape::Child => format!("{folder}/O/{}/X.{suffix}-meta.xml", kind.parent),
        };
        assert!(found(&path).starts_with(&format!("{} ", kind.name)), "{path} is {}", found(&path));
    }
}

#[test]
fn what_cannot_be_deleted_is_known() {
    let component = |kind: &str, name: &str| Component { kind: kind.into(), name: name.into() };
    assert_eq!(remains(&component("ApexClass", "Cart")), None);
    assert_eq!(remains(&component("CustomObject", "Cart__c")), None);
    assert!(remains(&component("CustomObject", "Account")).unwrap().contains("standard object"));
    assert!(remains(&component("Flow", "Send")).unwrap().contains("deactivated first"));
}
