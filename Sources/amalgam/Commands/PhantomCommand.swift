import ArgumentParser
import Foundation
import Imaging

struct PhantomCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phantom",
        abstract: "Draws a head phantom as MRI, CT, PET and SPECT: a sample pair without a patient.")

    @Option(name: .shortAndLong, help: "Folder for mri.png, ct.png, pet.png and spect.png.") var output: String
    @Option(help: "Side of the square images, 16 to 4096.") var size = 256
    @Option(help: "Seed: one seed is one head.") var seed: UInt64 = 1

    func validate() throws {
        guard (16...4096).contains(size) else { throw ValidationError("--size must be from 16 to 4096") }
    }

    func run() throws {
        try makeFolder(output, as: "the folder")
        for modality in Phantom.Modality.allCases {
            let path = URL(filePath: output).appending(path: "\(modality.rawValue).png").path
            try writePNG(Phantom.render(modality, width: size, height: size, seed: seed), to: path, as: "the phantom")
        }
        print("\(output): \(Phantom.Modality.allCases.map { "\($0.rawValue).png" }.joined(separator: ", "))")
    }
}
