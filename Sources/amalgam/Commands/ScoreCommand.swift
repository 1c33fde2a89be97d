import ArgumentParser
import Fusion
import Imaging
import Scores

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Scores anybody's fusion of an MRI with a CT, PET or SPECT image.")

    @Option(help: "The MRI, a PNG.") var mri: String
    @Option(help: "The CT, a PNG.") var ct: String?
    @Option(help: "The PET, a PNG.") var pet: String?
    @Option(help: "The SPECT, a PNG.") var spect: String?
    @Option(help: "The fused image, a PNG.") var fused: String
    @Option(help: "service (SSIM of Wang et al. 2004) or published (uniform 7×7 window, as fusion tables use).")
    var convention: FusionScores.Convention = .service
    @Flag(help: "Print JSON.") var json = false

    private var others: [(modality: Modality, path: String)] {
        [(.ct, ct), (.pet, pet), (.spect, spect)].compactMap { modality, path in path.map { (modality, $0) } }
    }

    func validate() throws {
        guard others.count == 1 else { throw ValidationError("give exactly one of --ct, --pet and --spect") }
    }

    func run() throws {
        let (modality, path) = others[0]
        let first = try readPNG(mri, as: "the MRI")
        func sameSize(_ path: String, as role: String) throws -> Image {
            let image = try readPNG(path, as: role)
            guard image.width == first.width && image.height == first.height else {
                throw FileError(
                    description:
                        "\(role), \(path), is \(image.width)×\(image.height) and the MRI "
                        + "\(first.width)×\(first.height): they must be of one size"
                )
            }
            return image
        }
        let scores = try FusionScores(
            first: first.luma(), second: sameSize(path, as: "the \(modality.rawValue.uppercased())").luma(),
            fused: sameSize(fused, as: "the fused image").luma(), convention: convention)
        print(
            json ? try prettyJSON(scores.json(firstName: "mri", secondName: modality.rawValue)) : summary(scores, second: modality.rawValue)
        )
    }
}

extension FusionScores.Convention: ExpressibleByArgument {}
