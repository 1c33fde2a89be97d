import Foundation
import HTTP
import Jobs

/// Who may enter: bearer keys (RFC 6750), where any are configured.
///
/// Open to everybody stay the page, the documentation, and what a load balancer asks.
struct Access: Sendable {
    let keys: [AccessKey]
    /// Whether `/metrics` needs no key.
    let isMetricsOpen: Bool
    /// Replaced in tests.
    var clock: @Sendable () -> Date = { Date() }

    private static let open: Set<String> = ["/", "/openapi.yaml", "/problems/{name}", "/healthz", "/readyz"]

    /// Lets a request in and tells it its owner, or refuses it with 401.
    func middleware() -> Middleware {
        Middleware(before: { request in
            guard !keys.isEmpty, !isOpen(request.route) else { return }
            request.principal = try owner(request.headers["Authorization"])
        })
    }

    private func isOpen(_ route: String?) -> Bool {
        guard let route else { return false }
        return Self.open.contains(route) || (isMetricsOpen && route == "/metrics")
    }

    /// The owner of the key in an Authorization field. Every key is compared with, whichever fits.
    private func owner(_ field: String?) throws -> String {
        guard let field else { throw refusal("Send an access key: \"Authorization: Bearer KEY\".", error: nil) }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw refusal("The Authorization field must be \"Bearer KEY\".", error: "invalid_request")
        }
        let digest = AccessKey.digest(of: String(parts[1]))
        let found = keys.reduce(nil as AccessKey?) { $1.opens(digest) ? $1 : $0 }
        guard let found, found.expires.map({ clock() < $0 }) ?? true else {
            throw refusal("The access key is not known, or not any more: ask the operator for one.", error: "invalid_token")
        }
        return found.owner
    }

    /// 401 with its challenge (RFC 6750 §3); the error is left out where the request had no key at all (§3.1).
    private func refusal(_ detail: String, error: String?) -> Problem {
        let challenge = "Bearer realm=\"amalgam\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return Problem(.unauthorized, type: .unauthorized, detail: detail, headers: ["WWW-Authenticate": challenge])
    }
}

extension Request {
    /// Whose jobs the request may see: its owner's, or everybody's on a service without keys.
    var scope: JobScope { principal.map(JobScope.owner) ?? .everyone }
}
