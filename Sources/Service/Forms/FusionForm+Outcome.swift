import Fusion
import Imaging

extension FusionForm {
    /// The most bytes of each part of what ``FusionWork`` makes of a pair: the result, the fused picture, and the uncertainty where there is
    /// one.
    static func mostBytes(ofOutcome parameters: FusionParameters, mri: Image, other: Image) -> [Int] {
        func picture(channels: Int, depth: Int) -> Int { mostBytes(ofPNG: mri.width, mri.height, channels: channels, depth: depth) }
        let isColoured = parameters.modality != .ct && other.colour == .rgb
        let fused = picture(channels: isColoured ? 3 : 1, depth: max(mri.depth.rawValue, other.depth.rawValue))
        return [8192, fused] + (parameters.options.samples > 1 ? [picture(channels: 1, depth: 16)] : [])
    }

    /// The most bytes of a picture that cannot be compressed: beside its samples, a byte a row for the filter, and what Deflate says of blocks
    /// that it stores (RFC 1951 §3.2.4) and PNG of its chunks, each less than a hundredth.
    private static func mostBytes(ofPNG width: Int, _ height: Int, channels: Int, depth: Int) -> Int {
        let samples = height * (1 + width * channels * depth / 8)
        return samples + samples / 50 + 1024
    }
}
