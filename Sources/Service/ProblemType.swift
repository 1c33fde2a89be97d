import HTTP

/// The stable names of problems (RFC 9457 §3.1.1), relative to the service. A name never changes its meaning.
enum ProblemType: String, CaseIterable {
    case unknownField = "/problems/unknown-field"
    case missingField = "/problems/missing-field"
    case extraField = "/problems/extra-field"
    case badOption = "/problems/bad-option"
    case badImage = "/problems/bad-image"
    case sizesDiffer = "/problems/sizes-differ"
    case tooManyPixels = "/problems/too-many-pixels"
    case noModel = "/problems/no-model"
    case queueFull = "/problems/queue-full"
    case busy = "/problems/busy"
    case draining = "/problems/draining"
    case noSuchJob = "/problems/no-such-job"
    case noResult = "/problems/no-result"
    case idempotencyConflict = "/problems/idempotency-conflict"
    case conflict = "/problems/conflict"
    case storage = "/problems/storage"
}

extension Problem {
    /// A problem of one of the service's own types.
    init(_ status: Status, type: ProblemType, detail: String, headers: HeaderFields = [:]) {
        self.init(status, type: type.rawValue, detail: detail, headers: headers)
    }

    /// A refused member of the request: a 400 unless told otherwise, with the extension member `field`.
    static func field(_ field: String, _ detail: String, status: Status = .badRequest, type: ProblemType) -> Problem {
        .field(field, detail, status: status, type: type.rawValue)
    }
}
