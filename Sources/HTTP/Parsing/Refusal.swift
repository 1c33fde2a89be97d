/// Why a message was refused: the status to answer, a sentence that says what to do, and the clause that says so.
///
/// A refusal of the parser always ends the connection: after it nobody can be sure where the next message begins (RFC 9112 §11.2).
struct Refusal: Error, Equatable, Sendable {
    let status: Status
    let detail: String
    let clause: String

    init(_ status: Status, _ detail: String, _ clause: String) {
        (self.status, self.detail, self.clause) = (status, detail, clause)
    }

    /// As the body of the answer.
    var problem: Problem { Problem(status, detail: "\(detail) (\(clause))") }
}
