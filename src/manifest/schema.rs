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
    let size = generator.subschema_for::<super::ByteSize>().to_value();
    let mut root = generator.into_root_schema_for::<Manifest>().to_value();
    let mut components = Map::new();
    for (name, spec) in catalog.components() {
        let mut schema = common.clone();
        schema["description"] = json!(spec.description);
        for (setting, declared) in &spec.settings {
            let mut property = match declared.kind {
                SettingType::Text => json!({"type": ["string", "number", "boolean"]}),
                SettingType::Path => json!({"type": "string", "pattern": "^/[^:]*$"}),
                SettingType::Duration => json!({"allOf": [duration]}),
                SettingType::Size => json!({"allOf": [size]}),
                SettingType::Labels => json!({
                    "type": "object",
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                }),
                SettingType::Number => json!({"type": "number"}),
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
        components.insert(name.clone(), json!({"anyOf": [schema, {"type": "null"}]}));
    }
    root["properties"]["components"] = json!({
        "type": "object",
        "description": "The parts of the monitoring stack, by the name of their folder.",
        "properties": components,
        "additionalProperties": false,
    });
    root["$id"] = json!("https://mcpmon.dev/mcpmon.schema.json");
    root["title"] = json!("mcpmon manifest");
    allow_null(&mut root);
    root
}

/// `null` removes what a profile or an earlier file says, so every property takes it.
fn allow_null(schema: &mut Value) {
    let properties = ["services", "name"]; // These two cannot be removed as a whole.
    if let Some(map) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in map {
            if properties.contains(&name.as_str()) || property.get("anyOf").is_some() {
                continue;
            }
            if let Some(Value::String(kind)) = property.get("type").cloned().as_ref() {
                property["type"] = json!([kind, "null"]);
            }
        }
    }
}
