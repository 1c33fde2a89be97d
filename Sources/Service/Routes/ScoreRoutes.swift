import HTTP
import Imaging

/// POST /v1/scores.
struct ScoreRoutes: Sendable {
    let limits: PNG.Limits
    let maxBodyBytes: Int
    let budget: MemoryBudget
    let work: BoundedWork

    func add(to router: inout Router) {
        router.post("/v1/scores") { try await score($0) }
    }

    /// The scores of anybody's fusion, in the answer itself: nothing is stored.
    private func score(_ request: Request) async throws -> Response {
        try request.refuseQuery()
        let form = try await request.pictureForm(maxBodyBytes: maxBodyBytes, budget: budget)
        return try .encoding(await work.run { try ScoreForm(form, limits: limits).scores() })
    }
}

extension Request {
    /// Reads the body as a form of pictures and options.
    ///
    /// - Throws: as `multipartForm(limits:budget:)`, and `Problem` 507 where there is no room for the file of a large part.
    func pictureForm(maxBodyBytes: Int, budget: MemoryBudget) async throws -> MultipartForm {
        var limits = MultipartParser.Limits()
        (limits.totalBytes, limits.parts) = (maxBodyBytes, 16)
        do {
            return try await multipartForm(limits: limits, budget: budget)
        } catch let error as SystemError where error.isOutOfSpace {
            throw Problem(
                .insufficientStorage, type: .storageFull,
                detail: "The server has no room for pictures on their way, and kept nothing of these: have the operator make room in its "
                    + "folder of temporary files (TMPDIR), or send smaller pictures.")
        }
    }

    /// - Throws: `Problem` 400 where there is a query: options are fields of the form, and one that is ignored would mislead.
    func refuseQuery() throws {
        guard let item = query.items.first else { return }
        throw Problem.field(item.name, "Options are fields of the form, not members of the query.", type: .unknownField)
    }
}
