import Foundation
import Testing

/// Of a picture that was erased no byte is left in the data folder.
@Suite struct ErasureTests {
    /// Pieces of a PNG's content that no other file has, behind what all PNGs begin and end with.
    private func pieces(_ png: Data) -> [Data] {
        stride(from: 41, to: png.count - 48, by: 32).map { png.subdata(in: $0..<($0 + 32)) }
    }

    private func traces(of pieces: [Data], in folder: Folder) throws -> Int {
        let data = URL(filePath: folder["data"])
        let files = try FileManager.default.contentsOfDirectory(at: data, includingPropertiesForKeys: nil).map { try Data(contentsOf: $0) }
        return pieces.count { piece in files.contains { $0.range(of: piece) != nil } }
    }

    @Test func pictures_AreGone_AfterDeletionAndExpiry() async throws {
        let folder = try Folder()
        let pairs = [try await folder.phantoms(48), try folder.phantoms("other", width: 150, height: 130)]
        let (ids, pictures) = try await RunningService.during(in: folder) { service in
            var (ids, pictures): ([String], [[Data]]) = ([], [])
            for pair in pairs {
                let id = try await service.submit(pair, "samples=2", "steps=1", headers: ["Prefer: wait=60"]).id
                let files = try [pair.mri, pair.other].map { try Data(contentsOf: URL(filePath: $0)) }
                let uncertainty = try await service.get("/v1/jobs/\(id)/uncertainty.png").body
                ids.append(id)
                pictures.append((files + [try await service.fused(id), uncertainty]).flatMap(pieces))
                #expect(pictures.last!.count > 100)
                // A piece may lie across the end of a page.
                #expect(try traces(of: pictures.last!, in: folder) > pictures.last!.count * 9 / 10)
            }
            #expect(try await service.delete(ids[0]).status == 204)
            #expect(try traces(of: pictures[0], in: folder) == 0)
            return (ids, pictures)
        }
        #expect(try traces(of: pictures[1], in: folder) > pictures[1].count * 9 / 10)
        try await RunningService.during(["--set", "retention-seconds=1"], in: folder) { service in
            _ = try await poll("the end of the job's time") { try await service.job(ids[1]).status == 404 ? true : nil }
            // The log is emptied after the job is gone.
            _ = try await poll("the erasure") { try traces(of: pictures[1], in: folder) == 0 ? true : nil }
        }
    }
}
