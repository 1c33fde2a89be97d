import HTTP

/// The stable names of problems (RFC 9457 §3.1.1), relative to the service. A name never changes its meaning.
enum ProblemType: String, CaseIterable {
    case unauthorized = "/problems/unauthorized"
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
    case storageFull = "/problems/storage-full"

    /// What every problem of the type is about, in a sentence: served at the type's own address (RFC 9457 §3.1.1).
    var meaning: String {
        switch self {
        case .unauthorized: "The request has no access key, or one that opens nothing."
        case .unknownField: "The form or the query has a member that this route does not know."
        case .missingField: "A picture is missing."
        case .extraField: "A member came twice, or two second images came."
        case .badOption: "An option has no value, or one outside its range."
        case .badImage: "A picture is no sound PNG, or smaller than 16 pixels a side."
        case .sizesDiffer: "The pictures are not of one size."
        case .tooManyPixels: "A picture is larger than the service allows."
        case .noModel: "No model is loaded for the modality."
        case .queueFull: "As many jobs wait as may."
        case .busy: "Too many requests of this kind are in work."
        case .draining: "The service is stopping."
        case .noSuchJob: "There is no job of this id, or not any more."
        case .noResult: "The job has no such picture, or not yet."
        case .idempotencyConflict: "The idempotency key was used for another request."
        case .conflict: "The job is in a state that does not allow this."
        case .storage: "The job store failed or does not answer."
        case .storageFull: "There is no room for what was sent; it is worth sending again once there is."
        }
    }
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
