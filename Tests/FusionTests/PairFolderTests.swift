import Foundation
import Imaging
import Testing

@testable import Fusion

@Suite("Folders of pairs") struct PairFolderTests {
    private func write(_ image: Image, _ folder: URL, _ path: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(PNG.encode(image)).write(to: file)
    }

    @Test func pairs_ComeInTheOrderOfTheirNames() throws {
        try Samples.withFolder { folder in
            for (name, seed): (String, UInt64) in [("b2", 2), ("a10", 1)] {
                let (mri, pet) = Samples.images(.pet, width: 20, height: 18, seed: seed)
                try write(mri, folder, "mri-pet/mri/\(name).png")
                try write(pet, folder, "mri-pet/pet/\(name).png")
            }
            try Data("notes".utf8).write(to: folder.appending(path: "mri-pet/mri/readme.txt"))
            let pairs = try PairFolder.load(folder, .pet)
            #expect(pairs.map(\.name) == ["a10", "b2"])
            let (mri, pet) = Samples.images(.pet, width: 20, height: 18, seed: 1)
            #expect(pairs[0].mri == mri.luma() && pairs[0].other == pet.luma())
        }
    }

    @Test func whatIsMissing_IsNamed() throws {
        try Samples.withFolder { folder in
            func problem() -> String? { #expect(throws: PairFolder.Problem.self) { try PairFolder.load(folder, .ct) }?.description }
            #expect(problem()?.contains("mri-ct: it should hold the folders mri and ct") == true)
            let (mri, _) = Samples.images(width: 20, height: 18)
            try write(mri, folder, "mri-ct/mri/7.png")
            #expect(problem()?.hasSuffix("mri-ct/ct/7.png is missing: every slice needs its partner of the same name") == true)
            try write(Samples.images(width: 18, height: 20).other, folder, "mri-ct/ct/7.png")
            #expect(problem() == "the two images of 7.png differ in size")
            try Data("no picture".utf8).write(to: folder.appending(path: "mri-ct/ct/7.png"))
            #expect(throws: PNGError.self) { try PairFolder.load(folder, .ct) }
        }
    }
}
