//! A Secret in the protobuf of Kubernetes, in which clients write it.

use serde_json::{Value, json};

/// A Secret: `k8s`, an envelope whose second field is the object, and of that the fields that Helm needs.
pub fn secret(body: &[u8]) -> Value {
    let object = fields(&body[4..]).into_iter().find(|(number, _)| *number == 2).unwrap().1;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let pair = |entry: &[u8]| {
        let entry = fields(entry);
        (text(entry[0].1), entry.get(1).map_or_else(Vec::new, |it| it.1.to_vec()))
    };
    let (mut metadata, mut data, mut kind) = (json!({"labels": {}, "resourceVersion": "1"}), json!({}), String::new());
    for (number, value) in fields(object) {
        match number {
            1 => {
                for (number, value) in fields(value) {
                    match number {
                        1 => metadata["name"] = json!(text(value)),
                        11 => {
                            let (key, value) = pair(value);
                            metadata["labels"][key] = json!(text(&value));
                        }
                        _ => {}
                    }
                }
            }
            2 => {
                let (key, value) = pair(value);
                data[key] = json!(base64(&value));
            }
            3 => kind = text(value),
            _ => {}
        }
    }
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data, "type": kind})
}

/// The fields of a message that have a length, by their numbers.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let length = varint(&mut bytes);
        if tag & 7 == 2 {
            let (value, rest) = bytes.split_at(usize::try_from(length).unwrap());
            found.push((tag >> 3, value));
            bytes = rest;
        }
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

/// Bytes as text.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |three: &[u8]| {
        let number =
            three.iter().chain([0, 0].iter()).take(3).fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        let letter = |at: usize| if at > three.len() { '=' } else { char::from(LETTERS[number >> (18 - 6 * at) & 63]) };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(four).collect()
}
