import Foundation
import Imaging
import Testing

/// The commands: what they print, and how they refuse.
@Suite struct CommandTests {
    private func expectRefusal(_ arguments: [String], _ words: [String], in folder: Folder) async throws {
        let outcome = try await Program(Program.url, arguments, in: folder).outcome()
        #expect(!outcome.hasSucceeded && !outcome.isSignal && outcome.output.isEmpty, "\(arguments)")
        #expect(outcome.error.hasPrefix("Error: ") && !outcome.error.contains("NSCocoa"), "\(outcome.error)")
        for word in words { #expect(outcome.error.contains(word), "\(word): \(outcome.error)") }
    }

    @Test func score_PrintsForPeopleAndPrograms() async throws {
        let folder = try Folder()
        _ = try await folder.phantoms(32)
        let arguments = ["score", "--mri", "phantom-32/mri.png", "--pet", "phantom-32/pet.png", "--fused", "phantom-32/mri.png"]
        let plain = try await Program(Program.url, arguments, in: folder).outcome()
        #expect(plain.hasSucceeded && plain.output.contains("MRI/PET") && plain.output.contains("SSIM 1.0000/"))
        for convention in ["service", "published"] {
            let outcome = try await Program(Program.url, arguments + ["--json", "--convention", convention], in: folder).outcome()
            let scores = try JSON(Data(outcome.output.utf8))
            #expect(scores["convention"].text == convention)
            #expect(abs((scores["ssim"]["mri"].number ?? 0) - 1) < 1e-6, "the fused image is the MRI itself")
            #expect(scores["ssim"]["pet"].number.map { $0 < 0.99 } == true)
        }
    }

    @Test func score_NamesTheArgumentThatIsWrong() async throws {
        let folder = try Folder()
        _ = try await (folder.phantoms(32), folder.phantoms(40))
        try folder.write("no picture".utf8, to: "text.png")
        func arguments(mri: String = "phantom-32/mri.png", ct: String = "phantom-32/ct.png", fused: String = "phantom-32/mri.png")
            -> [String]
        {
            ["score", "--mri", mri, "--ct", ct, "--fused", fused]
        }
        try await expectRefusal(arguments(mri: "none.png"), ["the MRI, none.png", "No such file"], in: folder)
        try await expectRefusal(arguments(ct: "none.png"), ["the CT, none.png"], in: folder)
        try await expectRefusal(arguments(fused: "none.png"), ["the fused image, none.png"], in: folder)
        try await expectRefusal(arguments(ct: "text.png"), ["the CT, text.png", "not a PNG"], in: folder)
        try await expectRefusal(arguments(ct: "phantom-40/ct.png"), ["the CT", "40×40", "32×32"], in: folder)
        try await expectRefusal(arguments(fused: "phantom-40/ct.png"), ["the fused image", "40×40", "32×32"], in: folder)
        try await expectRefusal(arguments() + ["--pet", "phantom-32/pet.png"], ["exactly one of"], in: folder)
        try await expectRefusal(arguments() + ["--convention", "mine"], ["convention"], in: folder)
    }

    @Test func fuse_PrintsForPeopleAndPrograms() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        let plain = try await Program.run("fuse", pair.mri, pair.other, "-o", "plain.png", in: folder)
        #expect(plain.hasSucceeded && plain.output.contains("plain.png: 32×32") && plain.output.contains("MRI/CT"))
        let outcome = try await Program.run(
            "fuse", pair.mri, pair.other, "-o", "json.png", "--json", "--steps", "3", "--threads", "2", in: folder)
        let report = try JSON(Data(outcome.output.utf8))
        #expect(report["steps"].number == 3 && report["seed"].number == 42 && report["samples"].number == 1)
        #expect(report["scores"]["ssim"]["ct"].number != nil && report["seconds"]["sampling"].number.map { $0 > 0 } == true)
        let one = try await Program.run("fuse", pair.mri, pair.other, "-o", "one.png", "--steps", "3", "--threads", "1", in: folder)
        #expect(one.hasSucceeded)
        #expect(try folder.bytes("one.png") == folder.bytes("json.png"), "whatever the number of threads")
    }

    @Test func fuse_NamesTheArgumentThatIsWrong() async throws {
        let folder = try Folder()
        let (pair, larger) = try await (folder.phantoms(32), folder.phantoms(40))
        let tiny = try folder.phantoms("tiny", width: 40, height: 15)
        let fuse = ["fuse", pair.mri, pair.other, "-o", "f.png"]
        try await expectRefusal(["fuse", "none.png", pair.other, "-o", "f.png"], ["the MRI, none.png"], in: folder)
        try await expectRefusal(["fuse", pair.mri, "none.png", "-o", "f.png"], ["the CT, none.png"], in: folder)
        try await expectRefusal(["fuse", pair.mri, larger.other, "-o", "f.png"], ["the MRI is 32×32", "the CT 40×40"], in: folder)
        try await expectRefusal(["fuse", tiny.mri, tiny.other, "-o", "f.png"], ["40×15", "16"], in: folder)
        try await expectRefusal(["fuse", pair.mri, pair.other, "-o", "none/f.png"], ["the fused image, none/f.png"], in: folder)
        try await expectRefusal(["fuse", pair.mri, pair.other], ["--output"], in: folder)
        try await expectRefusal(fuse + ["--model", "none"], ["the model, none", "No such file"], in: folder)
        try Models.write(.ct, to: folder["ct.safetensors"])
        try await expectRefusal(fuse + ["--modality", "pet", "--model", "ct.safetensors"], ["test", "with ct, not with pet"], in: folder)
        try await expectRefusal(fuse + ["--uncertainty", "u.png"], ["--samples"], in: folder)
        try await expectRefusal(fuse + ["--eta", "0.5", "--sampler", "ddpm"], ["eta"], in: folder)
        for option in [
            ["--steps", "0"], ["--steps", "1001"], ["--eta", "nan"], ["--eta", "2"], ["--samples", "0"], ["--samples", "65"],
        ] {
            try await expectRefusal(fuse + option, [option[0].replacing("--", with: "") + " is \(option[1])"], in: folder)
        }
        #expect(!FileManager.default.fileExists(atPath: folder["f.png"]))
    }

    @Test func phantom_DrawsOneHeadInFourWays() async throws {
        let folder = try Folder()
        let outcome = try await Program.run("phantom", "--output", "new/folder", "--size", "24", "--seed", "5", in: folder)
        #expect(outcome.hasSucceeded)
        for (name, colour) in [("mri", ColourModel.grey), ("ct", .grey), ("pet", .rgb), ("spect", .rgb)] {
            let image = try PNG.decode(folder.bytes("new/folder/\(name).png"))
            #expect([image.width, image.height] == [24, 24] && image.colour == colour)
        }
        try folder.write("a file".utf8, to: "file")
        try await expectRefusal(["phantom", "--output", "file"], ["the folder, file"], in: folder)
        try await expectRefusal(["phantom", "--output", "x", "--size", "15"], ["--size"], in: folder)
    }
}
