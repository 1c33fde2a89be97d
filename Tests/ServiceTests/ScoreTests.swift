import Foundation
import Testing

/// POST /v1/scores: the scores of anybody's fusion.
@Suite struct ScoreTests {
    @Test(arguments: ["service", "published"]) func scores_AreThoseOfTheCommand(_ convention: String) async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(48)
        let outcome = try await Program.run(
            "score", "--mri", pair.mri, "--ct", pair.other, "--fused", pair.other, "--convention", convention, "--json", in: folder)
        try await RunningService.during(in: folder) { service in
            let answer = try await service.score(pair.fields + ["fused=@\(pair.other)", "convention=\(convention)"])
            #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
            #expect(answer.json["scores"].isClose(to: try JSON(Data(outcome.output.utf8)), within: 1e-12))
            #expect(answer.json["scores"]["convention"].text == convention)
            #expect([answer.json["width"].number, answer.json["height"].number] == [48, 48] && answer.json["modality"].text == "ct")
            #expect(answer.json["seconds"].number.map { $0 > 0 } == true)
            #expect(try await service.jobs() == [], "nothing is stored")
        }
    }

    @Test func convention_IsTheServices_UnlessGiven() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        try await RunningService.during(in: folder) { service in
            let answer = try await service.score(["mri=@\(pair.mri)", "pet=@\(folder["phantom-32/pet.png"])", "fused=@\(pair.mri)"])
            #expect(answer.json["scores"]["convention"].text == "service", "and no model for PET is needed")
            #expect(answer.json["scores"]["ssim"]["mri"].number == 1)
        }
    }

    @Test func forms_ThatCannotBeScored_AreRefusedByName() async throws {
        let folder = try Folder()
        let (pair, larger) = try await (folder.phantoms(32), folder.phantoms(40))
        let (mri, ct, fused) = (pair.fields[0], pair.fields[1], "fused=@\(pair.mri)")
        let text = try folder.write("no picture".utf8, to: "text")
        try await RunningService.during(["--max-pixels", "1024"], in: folder) { service in
            let refusals: [([String], Int, String, String)] = [
                ([ct, fused], 400, "missing-field", "mri"), ([mri, fused], 400, "missing-field", "ct"),
                ([mri, ct], 400, "missing-field", "fused"), ([mri, ct, fused, fused], 400, "extra-field", "fused"),
                ([mri, ct, fused, "pet=@\(pair.mri)"], 400, "extra-field", "pet"),
                ([mri, ct, fused, "seed=1"], 400, "unknown-field", "seed"),
                ([mri, ct, fused, "convention=mine"], 400, "bad-option", "convention"),
                ([mri, ct, "fused=@\(text)"], 422, "bad-image", "fused"), ([mri, "ct=@\(text)", fused], 422, "bad-image", "ct"),
                ([mri, ct, "fused=@\(larger.mri)"], 413, "too-many-pixels", "fused"),
            ]
            for (fields, status, type, field) in refusals {
                let answer = try await service.score(fields)
                #expect(answer.status == status && answer.json["type"].text == "/problems/\(type)", "\(fields): \(answer.json)")
                #expect(answer.json["field"].text == field && answer.json["detail"].text?.isEmpty == false, "\(fields)")
            }
            let query = try await curl(
                [mri, ct, fused].flatMap { ["-F", $0] } + ["\(service.address)/v1/scores?convention=published"], in: folder)
            #expect(query.status == 400 && query.json["field"].text == "convention", "an option that would be ignored")
        }
        try await RunningService.during(data: "other", in: folder) { service in
            for (fields, field) in [([mri, ct, "fused=@\(larger.mri)"], "fused"), ([mri, "ct=@\(larger.other)", fused], "ct")] {
                let answer = try await service.score(fields)
                #expect(answer.status == 422 && answer.json["type"].text == "/problems/sizes-differ" && answer.json["field"].text == field)
            }
        }
    }
}
