//! The JSON Schema of the manifest, for editors.

use schemars::JsonSchema as _;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Common, Manifest};
use crate::catalog::{Catalog, SettingType};

/// The manifest's schema as draft-07, which is what the YAML language server reads. Component
/// settings come from the component folders, so a component of one's own is known as well.
pub fn schema(catalog: &Catalog) -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let common = Common::json_schema(&mut generator).to_value();
    let secret = generator.subschema_for::<super::SecretRef>().to_value();
    let duration = generator.subschema_for::<super::Duration>().to_value();
    let address = generator.subschema_for::<super::Address>().to_value();
    let url = generator.subschema_for::<super::Url>().to_value();
    let size = generator.subschema_for::<super::ByteSize>().to_value();
    let mut root = generator.into_root_schema_for::<Manifest>().to_value();
    let mut components = Map::new();
    let mut further = Map::new();
    for (name, spec) in catalog.components() {
        let mut schema = common.clone();
        schema["description"] = json!(spec.description);
        for (setting, declared) in &spec.settings {
            let mut property = match declared.kind {
                SettingType::Text if declared.values.is_empty() => json!({"type": "string"}),
                SettingType::Text => json!({"type": "string", "enum": declared.values}),
                SettingType::Address => json!({"allOf": [address]}),
                SettingType::Url => json!({"allOf": [url]}),
                SettingType::RemoteWrite => json!({
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "preset": {"type": "string", "enum": super::PRESETS, "description": "A well-known receiver; without it the entry is Prometheus' own."},
                            "password": {"allOf": [secret], "description": "The password of a preset that takes one."},
                        },
                    },
                }),
                SettingType::Path => json!({"type": "string", "pattern": "^/[^:]*$"}),
                SettingType::Duration => json!({"allOf": [duration]}),
                SettingType::Size => json!({"allOf": [size]}),
                SettingType::Labels => json!({
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                }),
                SettingType::Number => json!({"type": "number"}),
                SettingType::Port => json!({"type": "integer", "minimum": 1, "maximum": 65535}),
                SettingType::Bool => json!({"type": "boolean"}),
                SettingType::List => json!({"type": "array"}),
                SettingType::Map => json!({"type": "object"}),
                SettingType::Secret => json!({"allOf": [secret]}),
            };
            property["description"] = json!(declared.description);
            if let Some(default) = &declared.default {
                property["default"] = default.clone();
            }
            schema["properties"][setting] = property;
        }
        if spec.main_file_is_yaml() {
            schema["properties"]["config"] = json!({
                "type": "object",
                "description": "Laid over its main configuration file: maps merge, lists replace, `null` removes.",
            });
        }
        components.insert(name.clone(), schema);
        let same = json!({"$ref": format!("#/properties/components/properties/{name}")});
        further.insert(format!("^{name}@[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$"), same);
    }
    root["properties"]["components"] = json!({
        "type": "object",
        "description": "The parts of the monitoring stack, by the name of their folder; `<folder>@<name>` is another one of the same folder.",
        "properties": components,
        "patternProperties": further,
        "additionalProperties": false,
    });
    root["$id"] = json!("https://mcpmon.dev/mcpmon.schema.json");
    root["title"] = json!("mcpmon manifest");
    describe_variants(&mut root);
    take_numbers_as_text(&mut root);
    allow_null(&mut root);
    root
}

/// A variant that is written as a key gets the variant's description, where editors look for it.
fn describe_variants(schema: &mut Value) {
    if let Some(description) = schema.get("description").cloned()
        && let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
        && properties.len() == 1
    {
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            property.entry("description").or_insert_with(|| description.clone());
        }
    }
    each_below(schema, &mut describe_variants);
}

/// Where free text is asked for, a number or boolean is taken as it was written.
fn take_numbers_as_text(schema: &mut Value) {
    if let Some(map) = schema.as_object_mut() {
        let free = ["pattern", "enum", "const"].iter().all(|key| !map.contains_key(*key));
        match map.get("type") {
            Some(kind) if free && *kind == json!("string") => {
                map.insert("type".to_owned(), json!(["string", "number", "boolean"]));
            }
            Some(kind) if free && *kind == json!(["string", "null"]) => {
                map.insert("type".to_owned(), json!(["string", "number", "boolean", "null"]));
            }
            _ => {}
        }
    }
    each_below(schema, &mut take_numbers_as_text);
}

fn each_below(schema: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match schema {
        Value::Object(map) => {
            let below = map.iter_mut().filter(|(key, _)| *key != "default" && *key != "enum");
            below.for_each(|(_, value)| change(value));
        }
        Value::Array(list) => list.iter_mut().for_each(change),
        _ => {}
    }
}

/// `null` removes what a profile or an earlier file says, so every value takes it but the name.
fn allow_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, below) in map.iter_mut() {
                match key.as_str() {
                    "properties" => {
                        for (name, property) in below.as_object_mut().into_iter().flatten() {
                            allow_null(property);
                            if name != "name" {
                                nullable(property);
                            }
                        }
                    }
                    "additionalProperties" if below.is_object() => {
                        allow_null(below);
                        nullable(below);
                    }
                    "patternProperties" => {
                        for (_, property) in below.as_object_mut().into_iter().flatten() {
                            allow_null(property);
                            nullable(property);
                        }
                    }
                    "default" | "enum" | "const" => {}
                    _ => allow_null(below),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(allow_null),
        _ => {}
    }
}

/// Lets one value also be `null`; its description stays where editors look for it.
fn nullable(property: &mut Value) {
    let Some(map) = property.as_object_mut() else { return };
    if let Some(kind) = map.get_mut("type") {
        match kind {
            Value::Array(kinds) if kinds.iter().any(|k| k == "null") => {}
            Value::Array(kinds) => kinds.push(json!("null")),
            other => *other = json!([other, "null"]),
        }
        if let Some(Value::Array(values)) = map.get_mut("enum") {
            values.push(Value::Null);
        }
        return;
    }
    let is_null = |schema: &Value| schema.get("type") == Some(&json!("null"));
    if map.get("anyOf").and_then(Value::as_array).is_some_and(|any| any.iter().any(is_null)) {
        return;
    }
    let mut outside = Map::new();
    for key in ["description", "default"] {
        outside.extend(map.shift_remove(key).map(|value| (key.to_owned(), value)));
    }
    outside.insert("anyOf".to_owned(), json!([map, {"type": "null"}]));
    *map = outside;
}
