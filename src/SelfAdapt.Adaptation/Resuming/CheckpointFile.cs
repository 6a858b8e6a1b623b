using System.Runtime.InteropServices;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation.Resuming;

/// <summary>A run's state in a file: behind the header, the weights as little-endian floats.</summary>
internal static class CheckpointFile
{
    private static readonly byte[] Letters = [.. "SAdCkpt2"u8];

    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="fingerprint">What the run was started with; only a run started with the same can go on from it.</param>
    public static void Write(string path, RunState state, string fingerprint, long logLength)
    {
        Header header = new(
            fingerprint, logLength, state.Iteration, state.CropPosition, state.AugmentationPosition, state.Seconds,
            [.. state.Evaluations]);
        SealedFile.Write(path, Letters, header, stream =>
        {
            foreach (float[] values in Arrays(state))
            {
                stream.Write(MemoryMarshal.AsBytes<float>(values));
            }
        });
    }

    /// <returns>The state, and the bytes of the run log that belong to it.</returns>
    public static (RunState State, long LogLength) Read(string path, Network network, string fingerprint) =>
        SealedFile.Read<Header, (RunState, long)>(path, Letters, (header, stream, length) =>
        {
            SealedFile.RequireSameRun(path, header.Fingerprint, fingerprint);
            TrainingState training = new(
                Blank(network), Blank(network), new float[network.ParameterCount], new float[network.ParameterCount],
                new float[4 * network.Outputs.Channels]);
            RunState state = new()
            {
                Iteration = header.Iteration,
                CropPosition = header.CropPosition,
                AugmentationPosition = header.AugmentationPosition,
                Seconds = header.Seconds,
                Evaluations = header.Evaluations,
                Training = training,
                Kept = Blank(network),
            };
            if (length != Arrays(state).Sum(a => 4L * a.Length) || header.Evaluations is not { Length: > 0 })
            {
                throw SealedFile.Damaged(path, "its size does not fit the model.");
            }

            foreach (float[] values in Arrays(state))
            {
                stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            }

            return (state, header.LogLength);
        });

    private static WeightSnapshot Blank(Network network) =>
        new(new float[network.ParameterCount], new float[network.StatisticsCount]);

    private static IEnumerable<float[]> Arrays(RunState state) =>
    [
        state.Training.Student.Parameters, state.Training.Student.Statistics, state.Training.Teacher.Parameters,
        state.Training.Teacher.Statistics, state.Training.FirstMoment, state.Training.SecondMoment,
        state.Training.Thresholds, state.Kept.Parameters, state.Kept.Statistics,
    ];

    private sealed record Header(
        string Fingerprint, long LogLength, int Iteration, ulong CropPosition, ulong AugmentationPosition,
        double Seconds, EvaluationPoint[] Evaluations);
}
