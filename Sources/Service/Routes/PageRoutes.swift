import Crypto
import Foundation
import HTTP

/// GET /, /openapi.yaml and /problems/{name}: what is read by people and their tools, compiled into the program.
struct PageRoutes: Sendable {
    private let page = Document(PackageResources.index_html, type: "text/html; charset=utf-8")
    private let description = Document(PackageResources.openapi_yaml, type: "application/yaml")

    func add(to router: inout Router) {
        let policy = ContentSecurityPolicy(page: String(decoding: page.bytes, as: UTF8.self))
        router.get("/") { [page] request in
            var response = page.response(to: request)
            response.headers.append("Content-Security-Policy", policy.text)
            response.headers.append("X-Content-Type-Options", "nosniff")
            response.headers.append("Referrer-Policy", "no-referrer")
            response.headers.append("Cross-Origin-Opener-Policy", "same-origin")
            return response
        }
        router.get("/openapi.yaml") { [description] in description.response(to: $0) }
        router.get("/problems/{name}") { request in
            guard let type = ProblemType(rawValue: "/problems/\(try request.parameters.require("name", as: String.self))") else {
                throw Problem(.notFound, detail: "There is no such type of problem; /openapi.yaml lists them.")
            }
            return .text(type.meaning + "\n")
        }
    }
}

/// A file of the program that a client may keep until it changes.
private struct Document: Sendable {
    let bytes: [UInt8]
    let type: String
    let tag: EntityTag

    init(_ bytes: [UInt8], type: String) {
        (self.bytes, self.type) = (bytes, type)
        tag = EntityTag(String(Data(bytes).sha256.prefix(32)))
    }

    func response(to request: Request) -> Response {
        var response = Response.bytes(bytes, type: type)
        response.headers.append("Cache-Control", "no-cache")
        return response.conditional(on: request, tag: tag)
    }
}

/// What the page may do (W3C, Content Security Policy Level 3): run its own script and style, named by their digests, talk to this service
/// and show what it has fetched. Nothing else: no script of anybody else runs, whatever is smuggled into the page.
struct ContentSecurityPolicy {
    let text: String

    /// - Parameter page: HTML with inline script and style elements that have no attributes.
    init(page: String) {
        func digests(_ element: String) -> String {
            let contents = page.components(separatedBy: "<\(element)>").dropFirst().compactMap {
                $0.components(separatedBy: "</\(element)>").first
            }
            return contents.map { "'sha256-\(Data(SHA256.hash(data: Data($0.utf8))).base64EncodedString())'" }.joined(separator: " ")
        }
        text = [
            "default-src 'none'", "script-src \(digests("script"))", "style-src \(digests("style"))", "img-src blob:", "connect-src 'self'",
            "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        ].joined(separator: "; ")
    }
}
