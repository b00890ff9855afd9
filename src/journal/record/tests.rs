use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::*;

fn draft(body: serde_json::Value) -> Draft {
    Draft {
        at: Timestamp::from_second(1_750_000_000).unwrap(),
        incident: "20250615-checkout-502".into(),
        actor: "ana".into(),
        kind: "noted".into(),
        body,
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_read_back_is_what_was_written(body in values(), actor in any::<String>(), kind in any::<String>()) {
        let record = Record::chain(Draft { actor, kind, ..draft(body) }, 7, GENESIS);
        let read = Row::of(&record).read();
        prop_assert_eq!(read.as_ref(), Some(&record));
        prop_assert!(record.follows(GENESIS));
    }

    #[test]
    fn any_changed_field_is_noticed(field in 0usize..7, tail in "[a-z0-9]{1,3}") {
        let row = Row::of(&Record::chain(draft(serde_json::json!({"text": "restarted"})), 7, GENESIS));
        let mut other = row;
        match field {
            0 => other.seq += 1,
            1 => other.at.push_str(&tail),
            2 => other.incident.push_str(&tail),
            3 => other.actor.push_str(&tail),
            4 => other.kind.push_str(&tail),
            5 => other.body.push_str(&tail),
            _ => other.prev_hash.push_str(&tail),
        }
        prop_assert_eq!(other.read(), None);
    }
}

#[test]
fn text_moved_from_one_field_to_the_next_is_noticed() {
    let row = Row::of(&Record::chain(draft(serde_json::Value::Null), 1, GENESIS));
    let moved = Row { actor: "an".into(), kind: "anoted".into(), ..row.clone() };
    assert_ne!(row.digest(), moved.digest());
}
