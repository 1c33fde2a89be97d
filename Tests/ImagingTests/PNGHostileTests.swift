import Foundation
import Testing

@testable import Imaging

/// Files that lie. None may crash, hang or take memory; each gives an error that says what is wrong.
@Suite struct PNGHostileTests {
    /// Names for the smallest files of different kinds: the sweeps below are quadratic in their size.
    static let small = ["grey8", "rgb16-interlaced", "palette4", "palette2", "rgba8"]

    private func failure(_ bytes: some Collection<UInt8>, limits: PNG.Limits = .init()) -> PNGError? {
        do throws(PNGError) {
            _ = try PNG.decode(bytes, limits: limits)
            return nil
        } catch { return error }
    }

    @Test(arguments: small)
    func everyTruncationIsAnError(name: String) throws {
        let file = try Fixture.png(name)
        #expect(failure([]) == .notPNG)
        for count in 1..<file.count { #expect(failure(file.prefix(count)) == .truncated(bytes: count), "\(count) bytes") }
    }

    @Test(arguments: small)
    func everyDamagedByteIsFound(name: String) throws {
        let file = try Fixture.png(name)
        let transparency = file.firstRange(of: "tRNS".utf8).map { $0.lowerBound - 4..<$0.upperBound + 6 }
        for index in file.indices {
            for change: UInt8 in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                var damaged = file
                damaged[index] ^= change
                // tRNS is ancillary and its content ignored: damage inside it may go unnoticed, but never harms the picture.
                if transparency?.contains(index) == true {
                    if let image = try? PNG.decode(damaged) { #expect(image == (try PNG.decode(file))) }
                } else {
                    #expect(failure(damaged) != nil, "byte \(index) xor \(change)")
                }
            }
        }
    }

    /// With right checksums, damage reaches every stage of decoding.
    @Test(arguments: Expected.names)
    func damageUnderRightChecksumsIsHarmless(name: String) throws {
        let chunks = Chunks(try Fixture.png(name))
        var random = Xorshift(state: 7)
        for _ in 0..<400 {
            var damaged = chunks
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<chunks.chunks.count, using: &random)
                guard let byte = damaged.chunks[index].content.indices.randomElement(using: &random) else { continue }
                damaged.chunks[index].content[byte] = .random(in: 0...255, using: &random)
            }
            let limits = PNG.Limits(maxPixels: 10_000)
            guard let decoded = try? PNG.read(damaged.file, limits: limits) else { continue }
            let image = decoded.image
            #expect(image.samples.count == image.width * image.height * image.colour.rawValue)
            #expect(image.samples.allSatisfy { $0 <= image.depth.maximum })
            #expect(image.width * image.height <= limits.maxPixels)
        }
    }

    @Test func shuffledAndMissingChunksAreHarmless() throws {
        let chunks = Chunks(try Fixture.png("palette8"))
        var random = Xorshift(state: 11)
        for _ in 0..<500 {
            var other = chunks
            other.chunks.shuffle(using: &random)
            other.chunks.removeLast(Int.random(in: 0...2, using: &random))
            #expect(other.types == chunks.types || failure(other.file) != nil)
        }
        for type in ["IHDR", "PLTE", "IDAT", "IEND"] {
            var other = chunks
            other.chunks.removeAll { $0.type == Array(type.utf8) }
            #expect(failure(other.file) != nil, "without \(type)")
        }
    }

    @Test(arguments: ["bad-index", "bad-nopalette", "bad-short", "bad-filter", "bad-critical"])
    func brokenRulesAreNamed(name: String) throws {
        guard case .damaged(let reason) = failure(try Fixture.png(name)) else {
            Issue.record("\(name) was not found damaged")
            return
        }
        #expect(!reason.isEmpty && reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }

    @Test func otherFilesAreNotPNG() throws {
        #expect(failure(Array("GIF89a, and then some more bytes than a header".utf8)) == .notPNG)
        #expect(failure([0xFF, 0xD8]) == .notPNG)
    }

    @Test func picturesBeyondTheLimitsAreRefused() throws {
        let limits = PNG.Limits(maxPixels: 62)
        let tooLarge = try #require(failure(try Fixture.png("rgb8"), limits: limits))
        #expect(tooLarge == .tooLarge(width: 9, height: 7, limits: limits))
        #expect(tooLarge.description.contains("9×7") && tooLarge.description.contains("62 pixels"))
        #expect(failure(try Fixture.png("rgb8"), limits: .init(maxPixels: 63)) == nil)
        let tooLong = try #require(failure(try Fixture.png("rgb8"), limits: .init(maxSide: 8)))
        #expect(tooLong.description.contains("9×7") && tooLong.description.contains("permitted 8"))
        #expect(failure(try Fixture.png("rgb8"), limits: .init(maxSide: 9)) == nil)
    }

    /// The largest header there is, with the largest limits there are: refused because no such file is this short.
    @Test func hugeHeadersAreRefusedBeforeMemoryIsTaken() throws {
        for (width, height) in [(0x7FFF_FFFF, 0x7FFF_FFFF), (65535, 65535), (4096, 4096), (1, 0x7FFF_FFFF)] as [(UInt32, UInt32)] {
            var chunks = Chunks(try Fixture.png("rgba16"))
            chunks.chunks[0].content.replaceSubrange(0..<8, with: Chunks.word(width) + Chunks.word(height))
            let open = PNG.Limits(maxPixels: .max, maxSide: .max)
            let error = failure(chunks.file, limits: open)
            let fits = UInt64(width) * UInt64(height) <= 1 << 32
            #expect(
                error == (fits ? .truncated(bytes: chunks.file.count) : .tooLarge(width: Int(width), height: Int(height), limits: open)))
        }
    }

    @Test(arguments: [0, 0x8000_0000, 0xFFFF_FFFF] as [UInt32])
    func sidesOutOfRangeAreRefused(side: UInt32) throws {
        var chunks = Chunks(try Fixture.png("grey8"))
        chunks.chunks[0].content.replaceSubrange(0..<4, with: Chunks.word(side))
        #expect(failure(chunks.file) == .damaged(reason: "a side of \(side)×7 is out of range"))
    }

    /// Megabytes of zeros behind a picture of 63 pixels: the picture stands, the rest is not kept.
    @Test func bombsDoNotGoOff() throws {
        let start = ContinuousClock.now
        for _ in 0..<20 {
            let image = try PNG.decode(Fixture.png("bomb-pixels"))
            #expect(image.samples == [UInt16](repeating: 0, count: 63))
            _ = try PNG.decode(Fixture.png("bomb-text"))
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func chunksLongerThanTheFileAreTruncations() throws {
        var file = try Fixture.png("grey8")
        file.replaceSubrange(33..<37, with: [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(failure(file) != nil)
        #expect(try PNG.header(file).width == 9)
    }

    @Test func errorsNeverQuoteTheFile() throws {
        let file = try Fixture.png("text")
        for count in stride(from: 0, to: file.count, by: 3) {
            #expect(failure(file.prefix(count))?.description.contains("DOE") == false)
            var damaged = file
            damaged[count] ^= 0x20
            #expect(failure(damaged)?.description.contains("DOE") != true)
        }
    }
}
