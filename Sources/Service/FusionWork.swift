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
    /// SHA-256 of the model's file; nil in results of versions that did not keep it.
    var modelSHA256: String?
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
    let metrics: ServiceMetrics

    func run(_ claimed: ClaimedJob, _ context: JobContext) throws -> JobOutput {
        let parameters = try JSONDecoder().decode(FusionParameters.self, from: claimed.job.parameters)
        do {
            let model = try shelf.model(parameters.modality)
            let pair = try SourcePair(
                mri: context.input("mri"), other: context.input(parameters.modality.rawValue), parameters, limits: limits)
            let output = try model.fuser.fuse(mri: pair.mri, other: pair.other, options: parameters.options) { completed, total in
                try context.checkCancellation()
                context.report(completed: completed, total: total)
                metrics.steps.increment()
            }
            metrics.inference.recordSeconds(output.timings.condition + output.timings.sampling)
            var pictures = ["fused": Data(try PNG.encode(output.fused))]
            if let uncertainty = output.uncertainty { pictures["uncertainty"] = Data(try PNG.encode(uncertaintyImage(uncertainty))) }
            let result = FusionResult(
                model: model.fuser.model.description.name, modelSHA256: model.sha256, width: output.fused.width,
                height: output.fused.height, steps: output.steps, scores: output.scores, seconds: output.timings)
            return JobOutput(result: try JSONEncoder().encode(result), outputs: pictures)
        } catch let problem as Problem {
            // Accepted by a service that had the model and read the pictures, taken up by one that does not.
            let code = problem.type == ProblemType.noModel.rawValue ? "no_model" : "bad_image"
            throw JobFailure(code: code, text: problem.detail ?? problem.title, isPermanent: true)
        } catch let error as FusionError {
            throw JobFailure(code: "bad_request", text: "\(error)", isPermanent: true)
        }
    }
}
