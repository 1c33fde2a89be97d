import Foundation
import Imaging
import Testing

/// Requests that nothing comes of: each is told why and where, and leaves nothing behind.
@Suite struct RefusalTests {
    /// A request, as arguments of curl, and the answer that is due.
    private struct Refusal {
        let name: String
        let arguments: [String]
        let status: Int
        let type: String
        let field: String?
    }

    /// Pictures of one kind each; every form is right but for one thing.
    private struct Forms {
        let pair: Pair
        let files: Folder

        func form(_ name: String, _ fields: [String], _ status: Int, _ type: String, _ field: String?) -> Refusal {
            Refusal(name: name, arguments: fields.flatMap { ["-F", $0] }, status: status, type: type, field: field)
        }

        func option(_ field: String, _ value: String, also: String...) -> Refusal {
            form("\(field)=\(value)", pair.fields + ["\(field)=\(value)"] + also, 400, "/problems/bad-option", field)
        }

        /// A form whose CT is a file of these bytes.
        func ct(_ name: String, _ bytes: some Sequence<UInt8>, _ status: Int, _ type: String) throws -> Refusal {
            form(name, [pair.fields[0], "ct=@\(try files.write(bytes, to: name + ".png"))"], status, type, "ct")
        }
    }

    private static func fields(_ forms: Forms) -> [Refusal] {
        let (mri, ct) = (forms.pair.fields[0], forms.pair.fields[1])
        let pet = "pet=@\(forms.pair.other)"
        return [
            forms.form("no MRI", [ct], 400, "/problems/missing-field", "mri"),
            forms.form("no second image", [mri], 400, "/problems/missing-field", "ct"),
            forms.form("two second images", [mri, ct, pet], 400, "/problems/extra-field", "pet"),
            forms.form("two MRIs", [mri, mri, ct], 400, "/problems/extra-field", "mri"),
            forms.form("two seeds", [mri, ct, "seed=1", "seed=2"], 400, "/problems/extra-field", "seed"),
            forms.form("unknown field", [mri, ct, "patient=1"], 400, "/problems/unknown-field", "patient"),
            forms.form("no model", [mri, pet], 422, "/problems/no-model", "pet"),
        ]
    }

    private static func options(_ forms: Forms) -> [Refusal] {
        [
            forms.option("steps", "0"), forms.option("steps", "-4"), forms.option("steps", "1001"), forms.option("steps", "2.5"),
            forms.option("steps", "99999999999999999999"), forms.option("steps", ""), forms.option("steps", "4", also: "sampler=ddpm"),
            forms.option("eta", "-0.1"), forms.option("eta", "1.1"), forms.option("eta", "nan"), forms.option("eta", "inf"),
            forms.option("eta", "1e999"), forms.option("eta", "half"), forms.option("eta", "0.5", also: "sampler=ddpm"),
            forms.option("seed", "-1"), forms.option("seed", "18446744073709551616"), forms.option("seed", "0x10"),
            forms.option("samples", "0"), forms.option("samples", "65"), forms.option("samples", "many"),
            forms.option("guidance", "-1"), forms.option("guidance", "201"), forms.option("guidance", "on"),
            forms.option("resize", "bicubic"), forms.option("resize", ""),
            forms.option("sampler", "DDIM"), forms.option("sampler", "euler"), forms.option("sampler", ""),
        ]
    }

    private static func pictures(_ forms: Forms) throws -> [Refusal] {
        let png = try Data(contentsOf: URL(filePath: forms.pair.other))
        func phantom(_ width: Int, _ height: Int) throws -> [UInt8] {
            try PNG.encode(Phantom.render(.ct, width: width, height: height, seed: 1))
        }
        let tiny = try forms.files.phantoms("tiny", width: 15, height: 40)
        return [
            try forms.ct("not a PNG", "GIF89a, and then some".utf8, 422, "/problems/bad-image"),
            try forms.ct("empty", [], 422, "/problems/bad-image"),
            try forms.ct("cut off", png.prefix(png.count / 2), 422, "/problems/bad-image"),
            try forms.ct("damaged", png.prefix(60) + Data(repeating: 9, count: 20) + png.dropFirst(80), 422, "/problems/bad-image"),
            try forms.ct("another size", phantom(32, 33), 422, "/problems/sizes-differ"),
            try forms.ct("too many pixels", phantom(64, 65), 413, "/problems/too-many-pixels"),
            forms.form("too small", tiny.fields, 422, "/problems/bad-image", "ct"),
        ]
    }

    private static func bodies(_ forms: Forms) throws -> [Refusal] {
        let large = try forms.files.write(Data(count: 300_000), to: "large")
        let form = forms.pair.fields.flatMap { ["-F", $0] }
        return [
            Refusal(name: "body too large", arguments: form + ["-F", "spect=@\(large)"], status: 413, type: "about:blank", field: nil),
            Refusal(
                name: "body too large, in chunks", arguments: form + ["-F", "spect=@\(large)", "-H", "Transfer-Encoding: chunked"],
                status: 413,
                type: "about:blank", field: nil),
            Refusal(name: "JSON", arguments: ["--json", "{}"], status: 415, type: "about:blank", field: nil),
            Refusal(
                name: "a bare picture", arguments: ["-H", "Content-Type: image/png", "--data-binary", "@\(forms.pair.mri)"], status: 415,
                type: "about:blank", field: nil),
            Refusal(name: "no body", arguments: ["-X", "POST"], status: 411, type: "about:blank", field: nil),
            Refusal(
                name: "no form in it", arguments: ["-H", "Content-Type: multipart/form-data; boundary=x", "-d", "nothing"], status: 400,
                type: "about:blank", field: nil),
        ]
    }

    @Test func requests_ThatCannotBeFused_AreRefusedByName_AndLeaveNothing() async throws {
        let folder = try Folder()
        let forms = Forms(pair: try await folder.phantoms(32), files: folder)
        let refusals = try Self.fields(forms) + Self.options(forms) + Self.pictures(forms) + Self.bodies(forms)
        try await RunningService.during(["--modalities", "ct", "--max-pixels", "4096", "--max-body-bytes", "200000"], in: folder) {
            service in
            for refusal in refusals {
                let answer = try await curl(refusal.arguments + ["\(service.address)/v1/fusions"], in: folder)
                #expect(answer.status == refusal.status, "\(refusal.name)")
                #expect(answer.headers["content-type"] == "application/problem+json", "\(refusal.name)")
                #expect(
                    answer.json["type"].text == refusal.type && answer.json["field"].text == refusal.field,
                    "\(refusal.name): \(answer.json)")
                #expect(answer.json["status"].number == Double(refusal.status), "\(refusal.name)")
                let detail = answer.json["detail"].text ?? ""
                #expect(!detail.isEmpty && detail.firstMatch(of: /Int\b|Double|Optional|nil/) == nil, "\(refusal.name): \(detail)")
            }
            let query = try await curl(forms.pair.fields.flatMap { ["-F", $0] } + ["\(service.address)/v1/fusions?steps=2"], in: folder)
            #expect(query.status == 400 && query.json["field"].text == "steps", "an option that would be ignored")
            #expect(try await service.jobs() == [])
            #expect(try await service.submit(forms.pair, headers: ["Prefer: wait=60"]).state == "succeeded", "the form itself is right")
        }
    }

    @Test func methodsAndPaths_ThatAreNotThere() async throws {
        let folder = try Folder()
        try await RunningService.during(in: folder) { service in
            let put = try await service.get("/v1/fusions", "-X", "PUT")
            #expect(put.status == 405 && put.headers["allow"] == "OPTIONS, POST")
            #expect(try await service.get("/v2/fusions").status == 404)
        }
    }
}
