using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.OnnxRuntime;

/// <summary>
/// A network that ONNX Runtime runs, with fixed weights or with weights that are refreshed.
/// </summary>
internal sealed class OrtNetwork : ISegmentationNetwork
{
    private readonly IDisposable _owner;
    private readonly Func<OrtSession> _session;
    private readonly string[] _outputNames;
    private readonly (int Channel, OutputKind Kind)[] _probabilities;
    private readonly int? _batch;

    private OrtNetwork(
        OnnxModel model, double gamma, OrtNetworkOutputs outputs, IDisposable owner, Func<OrtSession> session)
    {
        ImageInput input = ImageInput.ReadChannelsFirst(model);
        OutputDescription description = outputs.Description;
        (_owner, _session, _batch, Outputs) = (owner, session, input.Batch, description.AsLogits);
        if (description.Grid > 1)
        {
            throw Unfit($"its output '{outputs.Output}' is coarser than the image, which only the built-in engine brings to size");
        }

        (InputChannels, Gamma) = (input.Channels, gamma);
        TileSize = outputs.TileSize ?? input.TileSize;
        _probabilities =
        [
            .. description.Parts.Where(p => p.Kind.AsRun != p.Kind)
                .SelectMany(p => Enumerable.Range(p.Channel, p.Channels).Select(c => (c, p.Kind))),
        ];
        _outputNames = outputs.Embedding is null ? [outputs.Output] : [outputs.Output, outputs.Embedding];
        EmbeddingLength = outputs.Embedding is string name
            ? Channels(Find(model, name)) ?? throw Unfit($"it does not tell how long '{name}' is")
            : 0;
        if (Channels(Find(model, outputs.Output)) is { } channels && channels != Outputs.Channels)
        {
            throw Unfit($"its output '{outputs.Output}' has {channels} channels, not {Outputs.Channels}");
        }
    }

    public int InputChannels { get; }

    public OutputDescription Outputs { get; }

    public double Gamma { get; }

    public int EmbeddingLength { get; }

    public (int Height, int Width)? TileSize { get; }

    /// <summary>A network with the model's own weights.</summary>
    /// <param name="model">A model with one input [N, C, H, W].</param>
    /// <param name="outputs">Which of its outputs are what.</param>
    /// <param name="options">Where and how it runs.</param>
    /// <exception cref="SelfAdaptException">
    /// Inputs or outputs don't fit, or ONNX Runtime refuses the model (ModelUnsupported); it can't be loaded, or the
    /// device asked for can't be had (DeviceMissing).
    /// </exception>
    public static OrtNetwork Load(OnnxModel model, OrtNetworkOutputs outputs, OrtOptions options)
    {
        double gamma = InputPower.Of(model);
        model = InputPower.Without(model).Embedded();
        OrtSession session = new(model.Bytes, options);
        return Owned(session, () => new OrtNetwork(model, gamma, outputs, session, () => session));
    }

    /// <summary>A network whose weights the caller refreshes; it disposes of the session.</summary>
    /// <param name="model">The model it was made from, with one input [N, C, H, W].</param>
    /// <param name="outputs">Which of its outputs are what.</param>
    /// <exception cref="SelfAdaptException">Inputs or outputs don't fit (ModelUnsupported).</exception>
    public static OrtNetwork Over(RefreshableSession session, OnnxModel model, OrtNetworkOutputs outputs)
    {
        return new OrtNetwork(model, 1, outputs, session, () => session.Current);
    }

    /// <exception cref="SelfAdaptException">
    /// ONNX Runtime refuses the input or gives an output of another size (ModelUnsupported); memory ran out.
    /// </exception>
    public void Run(
        ReadOnlySpan<float> input,
        int batch,
        int height,
        int width,
        Span<float> output,
        Span<float> embedding)
    {
        if (input.Length != (long)batch * InputChannels * height * width
            || output.Length != (long)batch * Outputs.Channels * height * width
            || embedding.Length != (long)batch * EmbeddingLength)
        {
            throw new ArgumentException("The lengths of input, output and embedding don't fit the batch.");
        }

        int pixels = height * width;
        for (int first = 0; first < batch; first += _batch ?? batch)
        {
            int count = Math.Min(batch - first, _batch ?? batch);
            RunAtOnce(
                Part(input, InputChannels * pixels), count, height, width,
                output.Slice(first * Outputs.Channels * pixels, count * Outputs.Channels * pixels),
                embedding.Slice(first * EmbeddingLength, count * EmbeddingLength));

            ReadOnlySpan<float> Part(ReadOnlySpan<float> all, int length) => all.Slice(first * length, count * length);
        }
    }

    public void Dispose() => _owner.Dispose();

    /// <summary>As many images as the model takes at once, or fewer: then blank ones follow.</summary>
    private void RunAtOnce(
        ReadOnlySpan<float> input, int count, int height, int width, Span<float> output, Span<float> embedding)
    {
        int batch = _batch ?? count;
        if (batch > count)
        {
            float[] filled = new float[batch * InputChannels * height * width];
            input.CopyTo(filled);
            input = filled;
        }

        float[][] results = _session().Run(input, [batch, InputChannels, height, width], _outputNames);
        Copy(results[0], output, batch, count, _outputNames[0]);
        if (EmbeddingLength > 0)
        {
            Copy(results[1], embedding, batch, count, _outputNames[1]);
        }

        for (int i = 0; i < count; i++)
        {
            foreach ((int channel, OutputKind kind) in _probabilities)
            {
                ToLogits(output.Slice(((i * Outputs.Channels) + channel) * height * width, height * width), kind);
            }
        }
    }

    /// <summary>What comes before the sigmoid or softmax: thresholds and blending are those of logits everywhere.</summary>
    private void ToLogits(Span<float> probabilities, OutputKind kind)
    {
        const float Rounding = 0.01f;
        const double Least = 1e-7;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] is < -Rounding or > 1 + Rounding)
            {
                throw Unfit($"its output '{_outputNames[0]}' holds {probabilities[i]}, which is no probability");
            }

            probabilities[i] = (float)kind.BeforeProbability(Math.Clamp(probabilities[i], Least, 1 - Least));
        }
    }

    private static OrtNetwork Owned(OrtSession session, Func<OrtNetwork> make)
    {
        try
        {
            return make();
        }
        catch (SelfAdaptException)
        {
            session.Dispose();
            throw;
        }
    }

    private static void Copy(float[] values, Span<float> target, int batch, int count, string name)
    {
        if ((long)values.Length * count != (long)target.Length * batch)
        {
            throw Unfit(
                $"its output '{name}' holds {values.Length / batch} values for an image where {target.Length / count} "
                + "belong");
        }

        values.AsSpan(0, target.Length).CopyTo(target);
    }

    private static OnnxValueInfo Find(OnnxModel model, string name) =>
        model.Graph.Outputs.FirstOrDefault(o => o.Name == name) ?? throw Unfit($"it has no output '{name}'");

    private static int? Channels(OnnxValueInfo value) =>
        value.Shape is { Count: 2 or 4 } shape ? (int?)shape[1].Value : null;

    private static SelfAdaptException Unfit(string why) =>
        new(ErrorKind.ModelUnsupported, $"The model can't be run for segmentation: {why}.");
}

/// <summary>Which of a model's outputs are what.</summary>
/// <param name="Output">Name of the output [N, channels, H, W].</param>
/// <param name="Embedding">Name of the output [N, length] that describes a tile (Cellpose's style), or
/// null.</param>
/// <param name="Description">What the channels mean.</param>
/// <param name="TileSize">The size of tiles that the model runs at, px; null: what its input tells.</param>
internal sealed record OrtNetworkOutputs(
    string Output, string? Embedding, OutputDescription Description, (int Height, int Width)? TileSize = null);
