using System;
using System.Collections.Generic;
using System.Linq;
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

    private OrtNetwork(
        OnnxModel model, OrtNetworkOutputs outputs, IDisposable owner, Func<OrtSession> session)
    {
        (_owner, _session, Outputs) = (owner, session, outputs.Description);
        InputChannels = (int)RequireChannels(model.Graph.Inputs.Single());
        _outputNames = outputs.Embedding is null ? [outputs.Output] : [outputs.Output, outputs.Embedding];
        EmbeddingLength = outputs.Embedding is string name ? (int)RequireChannels(Find(model, name)) : 0;
        long channels = RequireChannels(Find(model, outputs.Output));
        if (channels != Outputs.Channels)
        {
            throw Unfit($"its output '{outputs.Output}' has {channels} channels, not {Outputs.Channels}");
        }
    }

    public int InputChannels { get; }

    public OutputDescription Outputs { get; }

    public int EmbeddingLength { get; }

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
        RequireOneInput(model);
        OrtSession session = new(model.Embedded().Bytes, options);
        return Owned(session, () => new OrtNetwork(model, outputs, session, () => session));
    }

    /// <summary>A network whose weights the caller refreshes; it disposes of the session.</summary>
    /// <param name="model">The model it was made from, with one input [N, C, H, W].</param>
    /// <param name="outputs">Which of its outputs are what.</param>
    /// <exception cref="SelfAdaptException">Inputs or outputs don't fit (ModelUnsupported).</exception>
    public static OrtNetwork Over(RefreshableSession session, OnnxModel model, OrtNetworkOutputs outputs)
    {
        RequireOneInput(model);
        return new OrtNetwork(model, outputs, session, () => session.Current);
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

        float[][] results = _session().Run(input, [batch, InputChannels, height, width], _outputNames);
        Copy(results[0], output, _outputNames[0]);
        if (EmbeddingLength > 0)
        {
            Copy(results[1], embedding, _outputNames[1]);
        }
    }

    public void Dispose() => _owner.Dispose();

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

    private static void Copy(float[] values, Span<float> target, string name)
    {
        if (values.Length != target.Length)
        {
            throw Unfit($"its output '{name}' holds {values.Length} values where {target.Length} belong");
        }

        values.CopyTo(target);
    }

    private static void RequireOneInput(OnnxModel model)
    {
        if (model.Graph.Inputs.Count != 1)
        {
            throw Unfit($"it has {model.Graph.Inputs.Count} inputs where one image belongs");
        }
    }

    private static OnnxValueInfo Find(OnnxModel model, string name) =>
        model.Graph.Outputs.FirstOrDefault(o => o.Name == name) ?? throw Unfit($"it has no output '{name}'");

    private static long RequireChannels(OnnxValueInfo value) => value.Shape is { Count: >= 2 } shape
        && shape[1].Value is long channels
            ? channels
            : throw Unfit($"it does not tell how many channels '{value.Name}' has");

    private static SelfAdaptException Unfit(string why) =>
        new(ErrorKind.ModelUnsupported, $"The model can't be run for segmentation: {why}.");
}

/// <summary>Which of a model's outputs are what.</summary>
/// <param name="Output">Name of the output [N, channels, H, W].</param>
/// <param name="Embedding">Name of the output [N, length] that describes a tile (Cellpose's style), or
/// null.</param>
/// <param name="Description">What the channels mean.</param>
internal sealed record OrtNetworkOutputs(string Output, string? Embedding, OutputDescription Description);
