import Foundation
import Testing

@testable import HTTP

/// The server as a headless Chromium sees it: `Clients/browser.html` says what is asked for.
@Suite struct BrowserTests {
    private static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .first(where: FileManager.default.isExecutableFile)

    @Test(.enabled(if: path != nil)) func page_FindsNothingToComplainOf() async throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let page = Array(try Data(contentsOf: folder.appending(path: "Clients/browser.html")))
        let revalidated = Counter()
        var router = makeRouter(
            within: Middleware(after: { if $1.status == .notModified { revalidated.add(1) } }), compression())
        router.get("/page") { _ in .bytes(page, type: "text/html; charset=utf-8") }
        router.get("/picture") {
            Response.bytes((0..<1000).map { UInt8(truncatingIfNeeded: $0) }, type: "image/png").conditional(on: $0, tag: EntityTag("1"))
        }
        router.get("/text") { _ in .text(String(repeating: "0123456789", count: 2000)) }
        try await withServer(router: router) { address, _ in
            let shown = try await onThread { try Self.visit("http://\(address)/page") }
            #expect(shown.contains("done: ."), "\(shown)")
        }
        #expect(revalidated.value == 1)
    }

    /// The document once its scripts have come to rest.
    private static func visit(_ url: String) throws -> String {
        let profile = FileManager.default.temporaryDirectory.appending(path: "browser-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: profile) }
        let browser = Process()
        browser.executableURL = URL(fileURLWithPath: path!)
        browser.arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--user-data-dir=\(profile.path)",
            "--virtual-time-budget=60000", "--dump-dom", url,
        ]
        let output = Pipe()
        (browser.standardOutput, browser.standardError) = (output, FileHandle.nullDevice)
        try browser.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        browser.waitUntilExit()
        return text
    }
}
