import Testing

@testable import HTTP

@Suite struct CookieTests {
    private static let rows: [([String], String)] = [
        (["a=b"], "a=b"), (["a=b; c=d"], "a=b,c=d"), (["a=b;c=d ;"], "a=b,c=d"), (["a=\"b\""], "a=\"b\""), (["a=b=c"], "a=b=c"),
        (["a="], "a="),
        (["=b; c"], ""), (["a b=c; d=e"], "d=e"), (["a=b", "c=d"], "a=b,c=d"), ([], ""),
    ]

    @Test(arguments: rows)
    func cookies_AreParsed(_ lines: [String], _ expected: String) throws {
        var headers = HeaderFields()
        for line in lines { headers.append("Cookie", line) }
        let cookies = try Request(.get, "/", headers: headers).cookies
        #expect(cookies.map { "\($0.name)=\($0.value)" }.joined(separator: ",") == expected)
    }
}
