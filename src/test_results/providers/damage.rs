//! Damage to a document, for the property that none ever makes green.

use serde_json::Value;

/// Every place in a document: the keys and indices that lead there, behind those in `here`.
pub fn places(value: &Value, here: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => return,
    };
    for (key, child) in children {
        here.push(key);
        all.push(here.clone());
        places(child, here, all);
        here.pop();
    }
}

/// Puts something else at a place, or takes away what is there.
pub fn harm(document: &mut Value, place: &[String], with: Option<Value>) {
    let (last, path) = place.split_last().unwrap();
    let pointer: String = path.iter().map(|key| format!("/{key}")).collect();
    match (document.pointer_mut(&pointer).unwrap(), with) {
        (Value::Object(map), None) => drop(map.remove(last)),
        (Value::Object(map), Some(value)) => drop(map.insert(last.clone(), value)),
        (Value::Array(list), None) => drop(list.remove(last.parse().unwrap())),
        (Value::Array(list), Some(value)) => list[last.parse::<usize>().unwrap()] = value,
        _ => unreachable!("a place lies in an object or a list"),
    }
}
