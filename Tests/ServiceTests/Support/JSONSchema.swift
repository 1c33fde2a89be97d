import Foundation

/// As much of JSON Schema (2020-12) as the service's OpenAPI document uses; a keyword that this does not know is reported, not passed over.
struct JSONSchema {
    /// The document, for references within it.
    let document: JSON

    /// What is wrong with a value, each with its place; empty where it is valid.
    func problems(of value: JSON, _ schema: JSON, at place: String = "$") -> [String] {
        guard case .object(let keywords) = schema else { return ["\(place): the schema is no object"] }
        return keywords.flatMap { problems(of: value, $0.key, $0.value, among: keywords, at: place) }
    }

    /// What a reference within the document leads to.
    func resolve(_ reference: String) -> JSON {
        reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] }
    }

    private func problems(
        of value: JSON, _ keyword: String, _ argument: JSON, among keywords: [String: JSON], at place: String
    ) -> [String] {
        func unless(_ isRight: Bool) -> [String] { isRight ? [] : ["\(place) is \(value), against \(keyword) \(argument)"] }
        switch keyword {
        case "$ref": return problems(of: value, resolve(argument.text ?? ""), at: place)
        case "type": return unless((argument.list.isEmpty ? [argument] : argument.list).contains { value.isOf(type: $0.text) })
        case "enum": return unless(argument.list.contains(value))
        case "const": return unless(argument == value)
        case "required": return argument.list.filter { value.members[$0.text ?? ""] == nil }.map { "\(place) lacks \($0)" }
        case "properties":
            return argument.members.flatMap { name, schema in
                value.members[name].map { problems(of: $0, schema, at: "\(place).\(name)") } ?? []
            }
        case "additionalProperties":
            let others = value.members.filter { keywords["properties"]?.members[$0.key] == nil }
            if case .boolean(let allowed) = argument { return allowed ? [] : others.keys.map { "\(place) has a member \($0)" } }
            return others.flatMap { problems(of: $0.value, argument, at: "\(place).\($0.key)") }
        case "items": return value.list.enumerated().flatMap { problems(of: $1, argument, at: "\(place)[\($0)]") }
        case "minItems": return unless(Double(value.list.count) >= argument.number!)
        case "maxItems": return unless(Double(value.list.count) <= argument.number!)
        case "minimum": return unless(value.number.map { $0 >= argument.number! } ?? true)
        case "maximum": return unless(value.number.map { $0 <= argument.number! } ?? true)
        case "pattern": return unless(value.text.map { $0.range(of: argument.text!, options: .regularExpression) != nil } ?? true)
        case "format":
            return unless(argument.text == "date-time" && value.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        case "description", "default", "example", "contentMediaType": return []
        default: return ["\(place): the test does not know the keyword \(keyword)"]
        }
    }
}

extension JSON {
    /// The members of an object; none of anything else.
    var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }

    fileprivate func isOf(type: String?) -> Bool {
        switch (self, type) {
        case (.null, "null"), (.boolean, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"), (.object, "object"): true
        case (.number(let value), "integer"): value == value.rounded()
        default: false
        }
    }
}
