import Foundation
import Imaging
import Testing

/// What the product is for: a pair goes in, a fused picture and its scores come out.
@Suite struct FusionTests {
    @Test func pair_IsFusedWithinPreferWait_AsTheCommandsWould() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms()
        let (job, picture) = try await RunningService.during(in: folder) { service in
            let answer = try await service.submit(pair, "seed=7", headers: ["Prefer: wait=60"])
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.headers["preference-applied"] == "wait=60")
            #expect(answer.headers["location"] == "/v1/jobs/\(answer.id)")
            #expect(answer.headers["x-request-id"]?.isEmpty == false)
            let picture = try await service.get(answer.json["links"]["fused"].text ?? "")
            #expect(picture.headers["content-type"] == "image/png")
            #expect(try await service.job(answer.id).json == answer.json, "the job's own page says the same")
            return (answer.json, picture.body)
        }
        #expect(job["state"].text == "succeeded")
        #expect(job["model"].text?.isEmpty == false)
        #expect([job["width"].number, job["height"].number, job["seed"].number, job["attempts"].number] == [48, 48, 7, 1])
        #expect(job["progress"]["completed"] == job["steps"] && job["progress"]["total"] == job["steps"])
        #expect(job["scores"]["ssim"].numbers.count == 4 && job["scores"].numbers.count > 20)
        let times = try ["created", "started", "finished", "expires"].map { name in
            let text = try #require(job[name].text)
            #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "RFC 3339: \(text)")
            return text
        }
        #expect(times == times.sorted())

        let image = try PNG.decode(picture)
        #expect([image.width, image.height] == [48, 48] && image.colour == .grey && image.depth == .eight)
        #expect(Set(image.samples).count > 20, "a picture, not a plane")

        try folder.write(picture, to: "service.png")
        let score = try await Program.run(
            "score", "--mri", pair.mri, "--ct", pair.other, "--fused", "service.png", "--json", in: folder)
        #expect(try JSON(Data(score.output.utf8)).isClose(to: job["scores"], within: 1e-9))
        let fuse = try await Program.run("fuse", pair.mri, pair.other, "--output", "command.png", "--seed", "7", "--json", in: folder)
        #expect(try JSON(Data(fuse.output.utf8))["scores"].isClose(to: job["scores"], within: 1e-9))
        #expect(try folder.bytes("command.png") == picture)
    }

    @Test func seedAndOptions_DecideThePicture() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms()
        try await RunningService.during(in: folder) { service in
            var pictures: [Data] = []
            for options in [[], ["seed=42"], ["seed=43"], ["steps=2"], ["eta=1"], ["sampler=ddpm"]] {
                let answer = try await service.fuse(pair.fields + options, "-H", "Prefer: wait=60")
                try #require(answer.state == "succeeded")
                pictures.append(try await service.fused(answer.id))
            }
            #expect(pictures[0] == pictures[1], "42 is the default")
            #expect(Set(pictures[1...]).count == 5)
        }
    }

    @Test func sixteenBits_StaySixteenBits() async throws {
        let folder = try Folder()
        let both = try folder.phantoms("both", mri: \.deep, ct: \.deep)
        let one = try folder.phantoms("one", ct: \.deep)
        try await RunningService.during(in: folder) { service in
            for pair in [both, one] {
                let answer = try await service.submit(pair, headers: ["Prefer: wait=60"])
                let image = try PNG.decode(try await service.fused(answer.id))
                #expect(image.depth == .sixteen && [image.width, image.height] == [50, 37])
                #expect([answer.json["width"].number, answer.json["height"].number] == [50, 37])
                #expect(image.samples.contains { $0 % 257 != 0 }, "more than eight bits are used")
            }
        }
    }

    @Test func greyStoredAsRGB_IsFusedLikeGrey() async throws {
        let folder = try Folder()
        let (grey, rgb) = (try folder.phantoms("grey"), try folder.phantoms("rgb", mri: \.tripled, ct: \.tripled))
        try await RunningService.during(in: folder) { service in
            var images: [Image] = []
            for pair in [grey, rgb] {
                let answer = try await service.submit(pair, headers: ["Prefer: wait=60"])
                images.append(try PNG.decode(try await service.fused(answer.id)))
            }
            #expect(images[1].colour == .grey)
            // The luma of (v, v, v) is v but for rounding, which may tip a sample over.
            #expect(zip(images[0].samples, images[1].samples).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
    }

    @Test func severalSamples_GiveAnUncertainty() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms()
        let (fused, uncertainty) = try await RunningService.during(in: folder) { service in
            let answer = try await service.submit(pair, "samples=2", headers: ["Prefer: wait=60"])
            let link = try #require(answer.json["links"]["uncertainty"].text)
            let picture = try await service.get(link)
            let other = try await service.get("/v1/jobs/\(answer.id)/fused.png")
            #expect(picture.headers["etag"] != other.headers["etag"], "two pictures of one job")
            return (other.body, picture.body)
        }
        let image = try PNG.decode(uncertainty)
        #expect([image.width, image.height] == [48, 48] && image.depth == .sixteen)
        #expect(image.samples.contains { $0 > 0 }, "two seeds differ somewhere")
        let outcome = try await Program.run(
            "fuse", pair.mri, pair.other, "-o", "f.png", "--samples", "2", "--uncertainty", "u.png", in: folder)
        #expect(outcome.hasSucceeded)
        #expect(try folder.bytes("f.png") == fused)
        #expect(try folder.bytes("u.png") == uncertainty)
    }

    @Test func picture_AnswersHeadAndConditionalRequests() async throws {
        let folder = try Folder()
        let pair = try await folder.phantoms()
        try await RunningService.during(in: folder) { service in
            let id = try await service.submit(pair, headers: ["Prefer: wait=60"]).id
            let path = "/v1/jobs/\(id)/fused.png"
            let picture = try await service.get(path)
            let head = try await service.get(path, "-I")
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == "\(picture.body.count)")
            let tag = try #require(picture.headers["etag"])
            #expect(head.headers["etag"] == tag && tag.contains(id))
            let known = try await service.get(path, "-H", "If-None-Match: \(tag)")
            #expect(known.status == 304 && known.body.isEmpty && known.headers["etag"] == tag)
            #expect(try await service.get(path, "-H", "If-None-Match: \"other\"").status == 200)
            #expect(picture.headers["cache-control"] == "private, no-cache", "an erased picture must not live on in caches")

            let uncertainty = try await service.get("/v1/jobs/\(id)/uncertainty.png")
            #expect(uncertainty.status == 404 && uncertainty.json["type"].text == "/problems/no-result")
            #expect(uncertainty.json["detail"].text?.contains("samples") == true)
        }
    }
}
