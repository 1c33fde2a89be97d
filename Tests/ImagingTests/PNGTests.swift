import Foundation
import Testing

@testable import Imaging

@Suite struct PNGTests {
    @Test(arguments: Expected.names)
    func decodesWhatOthersWrote(name: String) throws {
        let expected = try #require(Expected.all.images[name])
        let decoded = try PNG.read(Fixture.png(name))
        let (image, header) = (decoded.image, decoded.header)
        #expect(image.width == expected.width && image.height == expected.height)
        #expect(image.colour.rawValue == expected.channels && image.depth.rawValue == expected.depth)
        #expect(image.samples == expected.samples)
        #expect(decoded.alphaIgnored == expected.alpha)
        #expect(header.width == image.width && header.height == image.height)
        #expect(header.colour == image.colour && header.depth == image.depth)
        #expect(try PNG.header(Fixture.png(name)) == header)
        #expect(try PNG.decode(Fixture.png(name)) == image)
    }

    @Test func theFixturesCoverEveryTypeAndDepth() throws {
        let seen = try Set(Expected.names.map { try Fixture.png($0)[24...25].map { $0 } })
        let all: Set<[UInt8]> = [
            [1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [8, 2], [16, 2], [1, 3], [2, 3], [4, 3], [8, 3], [8, 4], [16, 4], [8, 6], [16, 6],
        ]
        #expect(seen == all)
    }

    @Test(arguments: [ColourModel.grey, .rgb], [BitDepth.eight, .sixteen])
    func encodedImagesComeBack(colour: ColourModel, depth: BitDepth) throws {
        let sizes = [(1, 1), (1, 9), (300, 1), (7, 5), (64, 33), (129, 67)]
        for (index, (width, height)) in sizes.enumerated() {
            let image = randomImage(width: width, height: height, colour: colour, depth: depth, seed: UInt64(index))
            for compression in PNG.Compression.allCases {
                #expect(try PNG.decode(PNG.encode(image, compression: compression)) == image)
            }
        }
    }

    @Test func acceptsEveryKindOfBytes() throws {
        let bytes = try Fixture.png("rgb8")
        let image = try PNG.decode(bytes)
        #expect(try PNG.decode(Data(bytes)) == image)
        #expect(try PNG.decode(([0, 0] + bytes).dropFirst(2)) == image)
        #expect(try bytes.withUnsafeBytes { try PNG.decode($0) } == image)
        #expect(try PNG.decode(AnyCollection(bytes)) == image)
        #expect(try PNG.decode(bytes + [1, 2, 3]) == image, "bytes after IEND are not part of the picture")
    }

    @Test func encodedFilesHoldOnlyThePicture() throws {
        let source = try Fixture.png("text")
        #expect(Set(Chunks(source).types).isSuperset(of: ["tEXt", "zTXt", "iTXt", "tIME", "eXIf", "iCCP", "gAMA", "juNk"]))
        let decoded = try PNG.decode(source)
        let file = try PNG.encode(decoded)
        #expect(Chunks(file).types == ["IHDR", "IDAT", "IEND"])
        #expect(!file.contains("DOE".utf8))
        #expect(try PNG.encode(PNG.decode(source)) == file, "the same image gives the same bytes")
    }

    @Test func compressionTradesSizeForTime() throws {
        let image = Phantom.render(.mri, width: 128, height: 128, seed: 1)
        let sizes = try PNG.Compression.allCases.map { try PNG.encode(image, compression: $0).count }
        #expect(sizes[0] > sizes[2])
        #expect(sizes[2] < image.samples.count)
    }

    @Test func refusesToWriteImagesThatContradictThemselves() {
        var image = Image(width: 2, height: 2, colour: .grey, depth: .eight, samples: [0, 1, 2, 3])
        image.samples[3] = 256
        #expect(throws: PNGError.unencodable(reason: "a sample exceeds 255")) { try PNG.encode(image) }
        image.samples = [1, 2, 3]
        #expect(throws: PNGError.unencodable(reason: "3 samples do not fill 2×2 pixels")) { try PNG.encode(image) }
    }

    @Test func headersNeedOnlyTheFirstBytes() throws {
        for name in Expected.names {
            let file = try Fixture.png(name)
            let header = try PNG.header(file.prefix(33))
            let whole = try PNG.header(file)
            #expect((header.width, header.height) == (whole.width, whole.height))
            #expect(header.storedBitsPerPixel == whole.storedBitsPerPixel)
        }
        #expect(try PNG.header(Fixture.png("rgba16")).storedBitsPerPixel == 64)
        #expect(try PNG.header(Fixture.png("palette1")).storedBitsPerPixel == 1)
    }
}
