import Foundation
import Fusion
import HTTP
import Imaging
import Jobs
import Scores

/// What a fusion job leaves beside its pictures.
struct FusionResult: Codable, Sendable {
    /// The name of the model that made it.
    var model: String
    var width: Int
    var height: Int
    var steps: Int
    var scores: FusionScores
    var seconds: FusionTimings
}

/// Runs fusion jobs: the handler of the worker pool.
struct FusionWork: Sendable {
    static let kind = "fusion"

    let shelf: ModelShelf
    let limits: PNG.Limits

    func run(_ claimed: ClaimedJob, _ context: JobContext) throws -> JobOutput {
        let parameters = try JSONDecoder().decode(FusionParameters.self, from: claimed.job.parameters)
        do {
            let fuser = try shelf.fuser(parameters.modality)
            let output = try fuser.fuse(
                mri: PNG.decode(context.input("mri"), limits: limits),
                other: PNG.decode(context.input(parameters.modality.rawValue), limits: limits),
                options: parameters.options
            ) { completed, total in
                try context.checkCancellation()
                context.report(completed: completed, total: total)
            }
            var pictures = ["fused": Data(try PNG.encode(output.fused))]
            if let uncertainty = output.uncertainty { pictures["uncertainty"] = Data(try PNG.encode(uncertaintyImage(uncertainty))) }
            let result = FusionResult(
                model: fuser.model.description.name, width: output.fused.width, height: output.fused.height, steps: output.steps,
                scores: output.scores, seconds: output.timings)
            return JobOutput(result: try JSONEncoder().encode(result), outputs: pictures)
        } catch let problem as Problem {
            // Accepted by a service that had the model, taken up by one that does not.
            throw JobFailure(code: "no_model", text: problem.detail ?? problem.title, isPermanent: true)
        } catch let error as FusionError {
            throw JobFailure(code: "bad_request", text: "\(error)", isPermanent: true)
        } catch let error as PNGError {
            throw JobFailure(code: "bad_image", text: "\(error)", isPermanent: true)
        }
    }
}
