using System.Text.Json;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Files;

namespace SelfAdapt.Adaptation;

/// <summary>
/// Writes run.jsonl: one JSON object per line, per step and per evaluation, flushed so that a run that is cut
/// off leaves everything up to there. Numbers that are not finite are written as null.
/// </summary>
internal sealed class RunLog(LineFile file) : IDisposable
{
    /// <summary>Bytes written, those of an earlier part of the run included.</summary>
    public long Length => file.Length;

    /// <summary>Creates the file; one that is there is replaced.</summary>
    public static RunLog Create(string path) => new(LineFile.Create(path));

    /// <summary>Goes on with a file: what is behind the saved state's part is done again and cut off.</summary>
    public static RunLog Resume(string path, long length) => new(LineFile.Resume(path, length));

    public void Write(StepPoint point) => WriteLine(new
    {
        kind = "step",
        iteration = point.Iteration,
        learningRate = Finite(point.LearningRate),
        crossEntropy = Finite(point.CrossEntropy),
        squaredError = Finite(point.SquaredError),
        l2Sp = Finite(point.L2Sp),
        loss = Finite(point.Loss),
        gradientNorm = Finite(point.GradientNorm),
        kept = Finite(point.Kept),
        thresholds = Finite(point.Thresholds),
        seconds = Finite(point.Seconds),
    });

    /// <param name="decision">What it meant for the run.</param>
    public void Write(EvaluationPoint point, StopDecision decision) => WriteLine(new
    {
        kind = "evaluation",
        iteration = point.Iteration,
        gamma = point.Gamma,
        fnRate = Finite(point.Signals.FnRate),
        embeddingDistance = Finite(point.Signals.EmbeddingDistance),
        outlineFit = Finite(point.Signals.OutlineFit),
        outlineChange = Finite(point.Signals.OutlineChange),
        evidence = Finite(point.Signals.Evidence),
        evidenceError = Finite(point.Signals.EvidenceError),
        explained = Finite(point.Signals.Explained),
        flowError = Finite(point.Signals.FlowError),
        foreground = Finite(point.Signals.Foreground),
        diameter = Finite(point.Signals.Diameter),
        meanConfidence = Finite(point.MeanConfidence),
        viewVariance = Finite(point.ViewVariance),
        cells = point.Signals.Cells,
        ap50 = Finite(point.Ap50),
        kept = decision == StopDecision.Keep,
    });

    public void Dispose() => file.Dispose();

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private static float?[] Finite(ReadOnlyMemory<float> values) =>
        Array.ConvertAll(values.ToArray(), v => float.IsFinite(v) ? v : (float?)null);

    private void WriteLine<T>(T entry) => file.Write(JsonSerializer.SerializeToUtf8Bytes(entry));
}
