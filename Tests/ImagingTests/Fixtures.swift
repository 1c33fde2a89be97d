import Foundation
import Imaging

/// What make.py wrote beside its pictures.
struct Expected: Decodable {
    struct Picture: Decodable {
        let width, height, channels, depth: Int
        let alpha: Bool
        let samples: [UInt16]
    }
    struct Grid: Decodable {
        let width, height: Int
        let values: [Float]
    }
    struct Resize: Decodable {
        let width, height: Int
        let values: [Float]
        let enlarged: Grid
        var plane: Plane { Plane(width: width, height: height, values: values) }
    }
    struct Swatch: Decodable {
        let rgb: [UInt16]
        let ycbcr: [Float]
    }
    let images: [String: Picture]
    let resize: Resize
    let ycbcr: [Swatch]

    static let all = try! JSONDecoder().decode(Expected.self, from: Data(Fixture.bytes("expected.json")))
    static let names = all.images.keys.sorted()
}

enum Fixture {
    static func bytes(_ file: String) throws -> [UInt8] {
        let folder = Bundle.module.resourceURL!.appendingPathComponent("Fixtures")
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
    }

    static func png(_ name: String) throws -> [UInt8] { try bytes("\(name).png") }
}

/// A PNG file taken apart and put together, right checksums included; independent of the code under test.
struct Chunks {
    var chunks: [(type: [UInt8], content: [UInt8])] = []

    init(_ file: [UInt8]) {
        var rest = file.dropFirst(8)
        while rest.count >= 12 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            chunks.append((Array(rest.prefix(4)), Array(rest.dropFirst(4).prefix(length))))
            rest = rest.dropFirst(8 + length)
        }
    }

    var types: [String] { chunks.map { String(decoding: $0.type, as: UTF8.self) } }

    var file: [UInt8] {
        chunks.reduce(into: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { file, chunk in
            file += Self.word(UInt32(chunk.content.count)) + chunk.type + chunk.content + Self.word(Self.crc(chunk.type + chunk.content))
        }
    }

    static func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

    /// PNG specification, Third Edition, Annex D, bit by bit.
    static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
    }
}

/// An image of random samples.
func randomImage(width: Int, height: Int, colour: ColourModel, depth: BitDepth, seed: UInt64) -> Image {
    var random = Xorshift(state: seed &* 2 + 1)
    let samples = (0..<width * height * colour.rawValue).map { _ in UInt16.random(in: 0...depth.maximum, using: &random) }
    return Image(width: width, height: height, colour: colour, depth: depth, samples: samples)
}

/// Marsaglia's xorshift64, for tests that must repeat.
struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
