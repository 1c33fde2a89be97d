import Foundation
import Imaging
import Testing

/// Two pictures of one head in two files.
struct Pair: Sendable {
    let mri: String
    let other: String
    let modality: String

    /// As curl takes fields of a form.
    var fields: [String] { ["mri=@\(mri)", "\(modality)=@\(other)"] }
}

extension Folder {
    /// MRI and CT of a phantom, drawn by the product itself: mri.png and ct.png in a folder named after the size.
    func phantoms(_ size: Int = 48) async throws -> Pair {
        let outcome = try await Program.run("phantom", "--output", "phantom-\(size)", "--size", "\(size)", in: self)
        try #require(outcome.hasSucceeded, "\(outcome.error)")
        return Pair(mri: self["phantom-\(size)/mri.png"], other: self["phantom-\(size)/ct.png"], modality: "ct")
    }

    /// MRI and CT of a phantom of any shape, each changed on its way into its file.
    func phantoms(
        _ name: String, width: Int = 50, height: Int = 37, mri: (Image) -> Image = { $0 }, ct: (Image) -> Image = { $0 }
    ) throws -> Pair {
        func picture(_ modality: Phantom.Modality, _ change: (Image) -> Image) throws -> String {
            try write(PNG.encode(change(Phantom.render(modality, width: width, height: height, seed: 3))), to: "\(name)-\(modality).png")
        }
        return Pair(mri: try picture(.mri, mri), other: try picture(.ct, ct), modality: "ct")
    }
}

extension Image {
    /// The same picture with 16 bits, the low ones made of the high ones and their place.
    var deep: Image {
        Image(
            width: width, height: height, colour: colour, depth: .sixteen,
            samples: samples.enumerated().map { $1 == 0 ? 0 : $1 * 257 / 2 + UInt16($0 % 100) })
    }

    /// The same grey picture stored as RGB.
    var tripled: Image {
        Image(width: width, height: height, colour: .rgb, depth: depth, samples: samples.flatMap { [$0, $0, $0] })
    }
}

/// A PNG with a tEXt chunk behind its header, as scanners write them (PNG specification, Third Edition, §11.3.3.2).
func withText(_ png: Data, _ text: String) -> Data { withChunk(png, "tEXt", Data("Comment\0\(text)".utf8)) }

/// A PNG with a chunk of any type behind its header (PNG specification, Third Edition, §5.3).
func withChunk(_ png: Data, _ type: String, _ content: Data) -> Data {
    let chunk = Data(type.utf8) + content
    func bigEndian(_ value: UInt32) -> Data { withUnsafeBytes(of: value.bigEndian) { Data($0) } }
    let checksum = chunk.reduce(0xFFFF_FFFF as UInt32) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return png.prefix(33) + bigEndian(UInt32(content.count)) + chunk + bigEndian(~checksum) + png.dropFirst(33)
}
