import Foundation
import Fusion
import Imaging
import Testing

/// Which pictures are fused, and what is said of them.
@Suite struct PictureTests {
    @Test func sizesThatDiffer_AreResizedOnlyOnRequest() async throws {
        let folder = try Folder()
        let pair = try folder.phantoms("pair", width: 48, height: 40)
        let small = try folder.write(PNG.encode(Phantom.render(.ct, width: 24, height: 30, seed: 3)), to: "small.png")
        try await RunningService.during(in: folder) { service in
            let fields = ["mri=@\(pair.mri)", "ct=@\(small)"]
            let refused = try await service.fuse(fields)
            #expect(refused.status == 422 && refused.json["type"].text == "/problems/sizes-differ" && refused.json["field"].text == "ct")
            #expect(refused.json["detail"].text?.contains("resize=bilinear") == true, "it says what helps")

            let job = try await service.fuse(fields + ["resize=bilinear"], "-H", "Prefer: wait=60").json
            #expect(job["state"].text == "succeeded" && job["resize"].text == "bilinear")
            #expect([job["width"].number, job["height"].number] == [48, 40])
            #expect([job["sources"]["ct"]["width"].number, job["sources"]["ct"]["height"].number] == [24, 30], "as it was sent")
            #expect(job["notes"].list.map { $0["code"].text } == ["resized"] && job["notes"].list[0]["field"].text == "ct")
            #expect(job["notes"].list[0]["text"].text?.contains("24×30") == true)

            // The same as fusing with a picture that was resized before.
            let resized = try PNG.decode(folder.bytes("small.png")).resized(width: 48, height: 40)
            let before = try folder.write(PNG.encode(resized), to: "resized.png")
            let plain = try await service.fuse(["mri=@\(pair.mri)", "ct=@\(before)"], "-H", "Prefer: wait=60").json
            #expect(plain["resize"] == .null && plain["notes"].list == [])
            #expect(try await service.fused(plain["id"].text!) == service.fused(job["id"].text!))

            let equal = try await service.fuse(["mri=@\(pair.mri)", "ct=@\(pair.other)", "resize=bilinear"], "-H", "Prefer: wait=60").json
            #expect(equal["notes"].list == [] && equal["state"].text == "succeeded", "nothing to resize")
        }
    }

    @Test func transparency_IsIgnoredWithANote() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms(32)
        // Black is transparent (PNG specification, Third Edition, §11.3.1.1).
        let clear = try folder.write(withChunk(folder.bytes("phantom-32/ct.png"), "tRNS", Data([0, 0])), to: "clear.png")
        try await RunningService.during(in: folder) { service in
            let plain = try await service.submit(pair, headers: ["Prefer: wait=60"])
            let noted = try await service.fuse(["mri=@\(pair.mri)", "ct=@\(clear)"])
            #expect(
                noted.json["notes"].list.map { $0["code"].text } == ["alpha-ignored"] && noted.json["notes"].list[0]["field"].text == "ct")
            #expect(noted.json["sources"]["ct"]["sha256"] != plain.json["sources"]["ct"]["sha256"])
            #expect(try await service.finished(noted.id).json["notes"] == noted.json["notes"])
            #expect(try await service.fused(noted.id) == service.fused(plain.id), "the same pixels")
        }
    }

    @Test func sides_FromSixteenToFourThousandNinetySix() async throws {
        let folder = try Folder()
        func strip(_ width: Int, _ height: Int) throws -> Pair { try folder.phantoms("\(width)-\(height)", width: width, height: height) }
        try await RunningService.during(in: folder) { service in
            for (width, height) in [(16, 16), (4096, 16), (17, 31)] {
                let job = try await service.submit(try strip(width, height), "steps=1", "guidance=0", headers: ["Prefer: wait=60"])
                #expect(
                    job.state == "succeeded" && [job.json["width"].number, job.json["height"].number] == [Double(width), Double(height)])
                let image = try PNG.decode(try await service.fused(job.id))
                #expect(image.width == width && image.height == height)
            }
            let long = try await service.submit(try strip(4097, 16))
            #expect(long.status == 413 && long.json["field"].text == "mri" && long.json["detail"].text?.contains("4096") == true)
            let thin = try await service.submit(try strip(4096, 15))
            #expect(thin.status == 422 && thin.json["detail"].text?.contains("16") == true)
        }
    }

    @Test(arguments: [Modality.pet, .spect]) func colour_ComesBackFromTheSecondPicture(_ modality: Modality) async throws {
        let folder = try Folder()
        try Models.write(modality, to: folder["model.safetensors"])
        let mri = try await folder.phantoms(32).mri
        let other = folder["phantom-32/\(modality.rawValue).png"]
        try await RunningService.during(["--\(modality.rawValue)-model", "model.safetensors"], in: folder) { service in
            let job = try await service.fuse(["mri=@\(mri)", "\(modality.rawValue)=@\(other)"], "-H", "Prefer: wait=60").json
            #expect(job["sources"][modality.rawValue]["colour"] == .boolean(true) && job["sources"]["mri"]["colour"] == .boolean(false))
            let fused = try PNG.decode(try await service.fused(job["id"].text!))
            #expect(fused.colour == .rgb)
            let (chroma, source) = (YCbCr(fused), YCbCr(try PNG.decode(Data(contentsOf: URL(filePath: other)))))
            // Where no channel was clipped, the chroma is the source's but for the rounding of three channels.
            let unclipped = (0..<fused.width * fused.height).filter { pixel in
                (0..<3).allSatisfy { (1..<255).contains(fused.samples[3 * pixel + $0]) }
            }
            #expect(unclipped.count > 50)
            #expect(unclipped.allSatisfy { abs(chroma.cb.values[$0] - source.cb.values[$0]) < 1 })
            #expect(unclipped.allSatisfy { abs(chroma.cr.values[$0] - source.cr.values[$0]) < 1 })
        }
    }
}
