using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation;

/// <summary>
/// A run's state in a file: eight letters, the length of a JSON header, the header, the weights as little-endian floats,
/// the SHA-256 of all that. It is written beside its place, flushed and moved there, so that the one before stays whole
/// until the new one is.
/// </summary>
internal static class CheckpointFile
{
    private const int HashLength = 32;
    private const int LongestHeader = 64 << 20;

    private static ReadOnlySpan<byte> Letters => "SAdCkpt2"u8;

    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="fingerprint">What the run was started with; only a run started with the same can go on from it.</param>
    public static void Write(string path, RunState state, string fingerprint, long logLength)
    {
        Header header = new(
            fingerprint, logLength, state.Iteration, state.CropPosition, state.AugmentationPosition, state.Seconds,
            [.. state.Evaluations]);
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header, JsonStyle.Line);

        OutputFile.WriteDurably(path, Content);

        void Content(Stream stream)
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Put(Letters);
            Put(BitConverter.GetBytes(text.Length));
            Put(text);
            foreach (float[] values in Arrays(state))
            {
                Put(MemoryMarshal.AsBytes<float>(values));
            }

            stream.Write(hash.GetHashAndReset());

            void Put(ReadOnlySpan<byte> bytes)
            {
                hash.AppendData(bytes);
                stream.Write(bytes);
            }
        }
    }

    /// <returns>The state, and the bytes of the run log that belong to it.</returns>
    public static (RunState State, long LogLength) Read(string path, Network network, string fingerprint)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            (Header header, long weights) = ReadHeader(stream, path);
            if (header.Fingerprint != fingerprint)
            {
                throw new SelfAdaptException(
                    ErrorKind.OtherRun, path,
                    $"this checkpoint is of a run with another model, other images or other options. Give the "
                    + "options of that run (they stand in its run.json), or start anew over it.");
            }

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
            if (weights != Arrays(state).Sum(a => 4L * a.Length) || header.Evaluations is not { Length: > 0 })
            {
                throw Damaged(path, "its size does not fit the model.");
            }

            foreach (float[] values in Arrays(state))
            {
                stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            }

            return (state, header.LogLength);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path, $"the checkpoint can't be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the header once the checksum has been found right; leaves the stream at the weights.</summary>
    private static (Header Header, long Weights) ReadHeader(FileStream stream, string path)
    {
        long content = stream.Length - HashLength;
        if (content < Letters.Length + sizeof(int))
        {
            throw Damaged(path, "it is too short.");
        }

        if (!HashOf(stream, content))
        {
            throw Damaged(path, "its checksum is wrong.");
        }

        stream.Position = 0;
        byte[] start = new byte[Letters.Length + sizeof(int)];
        stream.ReadExactly(start);
        int length = BitConverter.ToInt32(start, Letters.Length);
        if (!start.AsSpan(0, Letters.Length).SequenceEqual(Letters) || length < 0 || length > LongestHeader
            || length > content - start.Length)
        {
            throw Damaged(path, "it is no checkpoint of this version.");
        }

        byte[] text = new byte[length];
        stream.ReadExactly(text);
        try
        {
            Header header = JsonSerializer.Deserialize<Header>(text, JsonStyle.Line)
                ?? throw Damaged(path, "its header is empty.");
            return (header, content - start.Length - length);
        }
        catch (JsonException e)
        {
            throw Damaged(path, $"its header can't be understood: {e.Message}");
        }
    }

    private static bool HashOf(FileStream stream, long content)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        for (long left = content; left > 0;)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
            {
                return false;
            }

            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        byte[] stored = new byte[HashLength];
        stream.ReadExactly(stored);
        return stored.AsSpan().SequenceEqual(hash.GetHashAndReset());
    }

    private static WeightSnapshot Blank(Network network) =>
        new(new float[network.ParameterCount], new float[network.StatisticsCount]);

    private static IEnumerable<float[]> Arrays(RunState state) =>
    [
        state.Training.Student.Parameters, state.Training.Student.Statistics, state.Training.Teacher.Parameters,
        state.Training.Teacher.Statistics, state.Training.FirstMoment, state.Training.SecondMoment,
        state.Training.Thresholds, state.Kept.Parameters, state.Kept.Statistics,
    ];

    private static SelfAdaptException Damaged(string path, string why) => new(
        ErrorKind.UnreadableInput, path,
        $"the checkpoint is damaged: {why} The run can't go on from it; start anew over it.");

    private sealed record Header(
        string Fingerprint, long LogLength, int Iteration, ulong CropPosition, ulong AugmentationPosition,
        double Seconds, EvaluationPoint[] Evaluations);
}
