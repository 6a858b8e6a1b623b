using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using SelfAdapt.Autodiff;
using SelfAdapt.Onnx;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>
/// A model as a user has it: an ONNX file, or a torch checkpoint of Cellpose, told apart by content.
/// </summary>
internal sealed class ModelFile
{
    // Segmentation cuts tiles whose sides are multiples of this (spec/cellpose.md 3.4).
    private const int TileMultiple = 16;

    private ModelFile(string path, OnnxModel onnx, TorchCheckpoint? checkpoint)
        => (Path, Onnx, Checkpoint) = (path, onnx, checkpoint);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The ONNX graph; for a checkpoint, the one built from it.</summary>
    public OnnxModel Onnx { get; }

    /// <summary>The checkpoint, where the file is one.</summary>
    public TorchCheckpoint? Checkpoint { get; }

    /// <summary>
    /// The object diameter that the network was trained at, px; null if the file doesn't tell.
    /// </summary>
    public double? DiamMean => Diameter("diam_mean");

    /// <summary>The mean object diameter of the training images, px; null if the file doesn't tell.</summary>
    public double? DiamLabels => Diameter("diam_labels");

    /// <summary>Reads a model.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// NoUsableInput: it can't be read. ModelMalformed: it is neither an ONNX file nor a Cellpose checkpoint,
    /// or
    /// is damaged. ModelUnsupported: it is one that isn't supported.
    /// </exception>
    public static ModelFile Load(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            string why = Directory.Exists(path) ? "it is a folder; name the model file in it." : e.Message;
            throw new SelfAdaptException(
                ExitCode.NoUsableInput, $"{path}: the model file can't be read: {why}", e);
        }

        return TorchCheckpoint.LooksLikeOne(bytes) ? Of(TorchCheckpoint.Parse(bytes, path), path)
            : Of(bytes, path);
    }

    /// <summary>An ONNX model in memory.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="path">What messages and results call it.</param>
    /// <exception cref="SelfAdaptException">As <see cref="Load"/>.</exception>
    public static ModelFile Of(byte[] bytes, string path) => new(path, OnnxModel.Parse(bytes, path), null);

    /// <summary>A checkpoint in memory.</summary>
    /// <param name="checkpoint">The state dict.</param>
    /// <param name="path">What messages and results call it.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it is not Cellpose's network.</exception>
    public static ModelFile Of(TorchCheckpoint checkpoint, string path) =>
        new(path, CellposeGraphBuilder.Build(checkpoint), checkpoint);

    /// <summary>The network as the engine trains it.</summary>
    /// <param name="outputs">What the output channels mean; null to go by their number.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: something in it can't be trained.</exception>
    public Network Import(OutputDescription? outputs)
    {
        Network network = NetworkImporter.Import(Onnx, outputs);
        return network.SizeMultiple <= TileMultiple
            ? network
            : throw new SelfAdaptException(
                ExitCode.ModelUnsupported,
                $"{Path}: this network halves its input until sizes must be multiples of "
                    + $"{network.SizeMultiple}; "
                + $"tiles come in multiples of {TileMultiple}, so networks up to four halvings are "
                    + $"supported.");
    }

    /// <summary>The model with other weights: an ONNX file with the same graph.</summary>
    /// <param name="weights">Values by name.</param>
    public byte[] WriteOnnx(IReadOnlyDictionary<string, float[]> weights) => Onnx.WithWeights(weights);

    /// <summary>The checkpoint with other weights, as a torch file.</summary>
    /// <param name="weights">Values by name.</param>
    /// <param name="name">The name of the file that it will go to.</param>
    /// <exception cref="SelfAdaptException">Usage: the model was no checkpoint.</exception>
    public byte[] WriteCheckpoint(IReadOnlyDictionary<string, float[]> weights, string name)
    {
        if (Checkpoint is null)
        {
            throw new SelfAdaptException(
                ExitCode.Usage,
                $"{Path}: is an ONNX file, so no Cellpose checkpoint can be written from it; give the "
                    + $"checkpoint that "
                + "it came from as --model.");
        }

        return Checkpoint.WithWeights(weights).ToArray(name);
    }

    private double? Diameter(string key) =>
        Onnx.Metadata.TryGetValue(key, out string? text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && value is > 0 and <= 10_000
            ? value
            : null;
}
