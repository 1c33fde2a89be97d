import Foundation
import Testing

@testable import Service

/// The web page.
@Suite struct PageTests {
    private let page = String(decoding: PackageResources.index_html, as: UTF8.self)

    /// What matches in the page, in order.
    private func matches(_ pattern: String) throws -> [String] {
        let text = page as NSString
        return try NSRegularExpression(pattern: pattern).matches(in: page, range: NSRange(location: 0, length: text.length))
            .map { text.substring(with: $0.range) }
    }

    @Test func page_IsOnePiece_AndItsPolicyIsStrict() async throws {
        #expect(try matches("(src|href)=\"[^\"]*") == ["href=\"/openapi.yaml"], "nothing is fetched from elsewhere")
        #expect(try matches("https?:|@import|url\\(|innerHTML|eval\\(| style=\"| on[a-z]+=\"") == [])
        #expect(try matches("<(script|style)").sorted() == ["<script", "<style"])
        let folder = try Folder()
        try await RunningService.during(in: folder) { service in
            let answer = try await service.get("/")
            #expect(answer.status == 200 && answer.headers["content-type"] == "text/html; charset=utf-8")
            #expect(answer.body == Data(PackageResources.index_html))
            let policy = try #require(answer.headers["content-security-policy"])
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("*"))
            for element in ["script", "style"] {
                let content = try #require(
                    page.components(separatedBy: "<\(element)>").last?.components(separatedBy: "</\(element)>").first)
                try folder.write(content.utf8, to: element)
                let outcome = try await Program(
                    URL(filePath: "/bin/sh"), ["-c", "openssl dgst -sha256 -binary \(element) | base64"], in: folder
                ).outcome()
                let digest = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(digest.count == 44 && policy.contains("\(element)-src 'sha256-\(digest)'"))
            }
            for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
                #expect(answer.headers[name] == value)
            }
            let tag = try #require(answer.headers["etag"])
            #expect(try await service.get("/", "-H", "If-None-Match: \(tag)").status == 304)
        }
    }

    @Test func page_NamesEveryControl() throws {
        var labels = 0
        for tag in try matches("</?label|<(input|select)[^>]*>") {
            switch tag {
            case "<label": labels += 1
            case "</label": labels -= 1
            default: #expect(labels == 1, "\(tag) stands in a label of its own")
            }
        }
        for option in FusionForm.optionNames { #expect(page.contains("name=\"\(option)\""), "\(option) has a field") }
        for image in try matches("<img[^>]*>") { #expect(image.contains("alt=\"")) }
        for word in ["<html lang=\"en\">", "light-dark(", "aria-live", "role=\"alert\"", "role=\"status\""] { #expect(page.contains(word)) }
    }

    /// In a real browser, with the page's policy in force.
    @Test(.enabled(if: Tool.chromium.isInstalled, "chromium is not installed: apt-get install chromium"))
    func browser_ShowsAJobWithItsScores() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(64)
        try await RunningService.during(in: folder) { service in
            let job = try await service.submit(pair, "samples=2", headers: ["Prefer: wait=60"]).json
            func browse(_ fragment: String) async throws -> String {
                let options = [
                    "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder["profile"])", "--virtual-time-budget=5000",
                ]
                let browser = try Program(
                    URL(filePath: try #require(Tool.chromium.path)),
                    options + ["--enable-logging=stderr", "--dump-dom", "\(service.address)/\(fragment)"], in: folder)
                let outcome = try await browser.outcome()
                #expect(!outcome.error.contains("Content Security Policy") && !outcome.error.contains("Uncaught"), "\(outcome.error)")
                return outcome.output
            }
            let empty = try await browse("")
            #expect(empty.contains(">Ready</span>") && empty.contains("MRI + CT, succeeded"), "\(empty.suffix(3000))")
            let id = try #require(job["id"].text)
            let shown = try await browse("#\(id)")
            for score in ["ssim", "mi", "vif"] {
                let value = String(format: "%.4f", try #require(job["scores"][score]["sum"].number))
                #expect(shown.contains(">\(value)</td>"), "\(score)")
            }
            #expect(shown.contains(">Succeeded</strong>") && shown.contains(id) && shown.contains("grey levels</span>"))
            #expect(shown.contains("src=\"blob:"), "the fused picture is there")
        }
    }

    @Test(
        .enabled(
            if: Tool.chromedriver.isInstalled && Tool.python(with: "selenium") != nil,
            "chromedriver is not installed, or AMALGAM_PYTHON names no python that has selenium"))
    func browser_FusesCancelsAndExplains() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(64)
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Clients/page.py").path
        try await RunningService.during(in: folder) { service in
            let outcome = try await Program(
                URL(filePath: try #require(Tool.python(with: "selenium"))), [script, service.address, pair.mri, pair.other], in: folder
            ).outcome()
            #expect(outcome.hasSucceeded && outcome.output == "done\n", "\(outcome)")
        }
    }
}
