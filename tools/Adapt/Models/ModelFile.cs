using System.Globalization;
using System.Security.Cryptography;
using SelfAdapt.Models;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Models;

/// <summary>
/// A model as a user has it: an ONNX file, or a torch checkpoint of Cellpose, told apart by content.
/// </summary>
internal sealed class ModelFile
{
    // Segmentation cuts tiles whose sides are multiples of this (docs/cellpose.md 3.4).
    private const int TileMultiple = 16;

    /// <summary>The metadata key, and state-dict entry, of the diameter that a network was trained at.</summary>
    public const string DiamMeanKey = "diam_mean";

    /// <summary>The same for the mean object diameter of its images.</summary>
    public const string DiamLabelsKey = "diam_labels";

    private ModelFile(string path, OnnxModel onnx, TorchCheckpoint? checkpoint)
        => (Path, Onnx, Checkpoint) = (path, onnx, checkpoint);

    public string Path { get; }

    /// <summary>The ONNX graph; for a checkpoint, the one built from it.</summary>
    public OnnxModel Onnx { get; }

    /// <summary>The checkpoint, where the file is one.</summary>
    public TorchCheckpoint? Checkpoint { get; }

    /// <summary>
    /// The object diameter that the network was trained at, px; null if the file doesn't tell.
    /// </summary>
    public double? DiamMean => Number(DiamMeanKey);

    /// <summary>The mean object diameter of the training images, px; null if the file doesn't tell.</summary>
    public double? DiamLabels => Number(DiamLabelsKey);

    /// <summary>The object diameter that images are taken to have, px; 0 where the network is bound to no size.</summary>
    public double KnownDiameter(OutputDescription outputs) =>
        DiamLabels ?? DiamMean ?? (outputs.HasFlow ? CellposeModels.Diameter : 0);

    /// <summary>
    /// The object diameter of the images that a run of adapt made this model for, px; null where none did, or it is not told. A
    /// checkpoint goes by its own, as in Cellpose.
    /// </summary>
    public double? AdaptedAt => Number(ExportMetadata.DiameterKey)
        ?? (RunFolder.OfModel(Path) is null ? null : Checkpoint is null ? AdaptingRun?.Diameter : DiamLabels);

    /// <summary>Whether a run of adapt made this model on inverted images; null where none did, or it is not told.</summary>
    public bool? AdaptedInverted =>
        Onnx.Metadata.TryGetValue(ExportMetadata.InvertKey, out string? text) && bool.TryParse(text, out bool inverted)
            ? inverted : AdaptingRun?.Invert;

    /// <summary>How intensities were normalised for it; null where it is not told.</summary>
    public IntensityNormalization? Normalization => NormalizationName.Read(
        Onnx.Metadata.GetValueOrDefault(NormalizationName.Key) ?? AdaptingRun?.Normalization);

    /// <summary>The power of intensities that it was made for.</summary>
    public double Gamma => InputPower.Of(Onnx);

    /// <summary>What decides the model's results, in hexadecimal digits.</summary>
    public string Sha256
    {
        get
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (byte[] content in Onnx.Contents)
            {
                hash.AppendData(content);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Reads a model.</summary>
    /// <exception cref="SelfAdaptException">
    /// NoUsableInput: it can't be read. ModelMalformed: it is neither an ONNX file nor a Cellpose checkpoint,
    /// or
    /// is damaged. ModelUnsupported: it is one that isn't supported.
    /// </exception>
    public static ModelFile Load(string path)
    {
        string given = path;
        path = CellposeModels.Find(given);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            string why = Directory.Exists(path) ? "it is a folder; name the model file in it."
                : e.Message + (e is FileNotFoundException ? CellposeModels.WhereToGet(given) : "");
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path, $"the model file can't be read: {why}", e);
        }

        if (bytes.AsSpan().StartsWith("PK"u8) && PackageCheck.IsPackage(path))
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, path,
                "is a BioImage.IO package. Unpack it and name the ONNX file in it; its rdf.yaml tells how images are "
                + "prepared.");
        }

        if (TorchCheckpoint.LooksLikeOne(bytes))
        {
            return Of(TorchCheckpoint.Parse(bytes, path), path);
        }

        ForeignModel.Refuse(bytes, path);
        return Of(OnnxModel.Load(bytes, path), path);
    }

    /// <summary>An ONNX model in memory.</summary>
    /// <param name="path">What messages and results call it.</param>
    /// <exception cref="SelfAdaptException">As <see cref="Load"/>.</exception>
    public static ModelFile Of(byte[] bytes, string path) => Of(OnnxModel.Parse(bytes, path), path);

    /// <summary>An ONNX model that was read already.</summary>
    /// <param name="path">What messages and results call it.</param>
    public static ModelFile Of(OnnxModel onnx, string path) => new(path, onnx, null);

    /// <summary>A checkpoint in memory.</summary>
    /// <param name="path">What messages and results call it.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it is not Cellpose's network.</exception>
    public static ModelFile Of(TorchCheckpoint checkpoint, string path)
    {
        ModelFile model = new(path, CellposeGraphBuilder.Build(checkpoint), checkpoint);

        // A checkpoint has no place for the power that a run of adapt made it for.
        return model.AdaptingRun?.Gamma is { } gamma ? model.WithGamma(gamma) : model;
    }

    /// <summary>
    /// Why it can't be adapted or trained, though it can be run; null if it can. Weights of 16 bits are rounded ones, and
    /// <see cref="NetworkWriter"/> folds the norms' statistics into them, which training needs apart.
    /// </summary>
    public string? WhyFrozen => Onnx.Graph.Initializers.Any(
        t => t.DataType is OnnxDataType.Float16 or OnnxDataType.BFloat16)
        ? "its weights are rounded to 16 bits, a copy for running only. Adapt the model that it was written from"
            + (Onnx.Metadata.GetValueOrDefault("selfadapt.source") is { Length: > 0 } source ? $" ({source})" : "")
            + ", and export the variant from that run."
        : null;

    /// <summary>The network, to be trained.</summary>
    /// <param name="outputs">What the output channels mean; null to go by their number.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it can't be trained.</exception>
    public Network ImportForTraining(OutputDescription? outputs) => WhyFrozen is { } why
        ? throw new SelfAdaptException(ErrorKind.ModelUnsupported, Path, $"can't be trained: {why}")
        : Import(outputs);

    /// <summary>The network as the engine runs it.</summary>
    /// <param name="outputs">What the output channels mean; null to go by their number.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: something in it can't be trained.</exception>
    public Network Import(OutputDescription? outputs)
    {
        Network network = Network.Read(Onnx, outputs);
        return network.SizeMultiple <= TileMultiple
            ? network
            : throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, Path,
                $"this network halves its input until sizes must be multiples of "
                    + $"{network.SizeMultiple}; "
                + $"tiles come in multiples of {TileMultiple}, so networks up to four halvings are "
                    + $"supported.");
    }

    /// <summary>A Cellpose checkpoint with other weights, as a torch file.</summary>
    /// <param name="network">This model as imported.</param>
    /// <param name="diameters">The diameters that it carries.</param>
    /// <param name="name">The name of the file that it will go to.</param>
    /// <exception cref="SelfAdaptException">
    /// ModelUnsupported: the model is an ONNX file of another network than Cellpose's.
    /// </exception>
    public byte[] WriteCheckpoint(
        IReadOnlyDictionary<string, float[]> weights, Network network, Diameters diameters, string name)
    {
        if (Checkpoint is null)
        {
            float mean = diameters.Mean ?? CellposeModels.Diameter;
            return CellposeStateReader.Read(Changed(weights), network, mean, diameters.Labels ?? mean).ToArray(name);
        }

        Dictionary<string, float[]> all = new(weights);
        foreach ((string key, float? value) in (ReadOnlySpan<(string, float?)>)
            [(DiamMeanKey, diameters.Mean), (DiamLabelsKey, diameters.Labels)])
        {
            if (value is { } diameter && Checkpoint.Find(key) is { Count: 1 })
            {
                all[key] = [diameter];
            }
        }

        return Checkpoint.WithWeights(all).ToArray(name);
    }

    /// <summary>A variant with other weights: an ONNX file with the same network written plainly.</summary>
    /// <param name="network">This model as imported.</param>
    /// <param name="metadata">Key-value pairs that it carries.</param>
    /// <exception cref="SelfAdaptException">As <see cref="NetworkWriter.Write"/>.</exception>
    public byte[] WriteVariant(
        IReadOnlyDictionary<string, float[]> weights, Network network, ModelVariant variant,
        IReadOnlyDictionary<string, string> metadata) =>
        NetworkWriter.Write(Changed(weights), network, variant, metadata);

    /// <summary>The same model with a power of intensities before it.</summary>
    public ModelFile WithGamma(double gamma) => new(Path, InputPower.With(Onnx, gamma), Checkpoint);

    /// <summary>The diameters that an export carries; each that is not given is taken from elsewhere.</summary>
    /// <param name="mean">The one trained at; null: the file's, or the run's.</param>
    /// <param name="labels">
    /// That of the images; null: the one that the run found, or else took them to have, or the file's.
    /// </param>
    /// <param name="run">The run; null for none.</param>
    public Diameters ChooseDiameters(double? mean, double? labels, RunRecord? run) =>
        new((float?)(mean ?? DiamMean ?? run?.DiamMean), (float?)(labels ?? run?.DiamLabels ?? run?.Diameter ?? DiamLabels));

    private OnnxModel Changed(IReadOnlyDictionary<string, float[]> weights) =>
        weights.Count == 0 ? Onnx : Onnx.WithWeights(weights);

    private RunRecord? AdaptingRun => field ??= RunFolder.OfModel(Path) is { } run ? RunRecord.Read(run) : null;

    private double? Number(string key) =>
        Onnx.Metadata.TryGetValue(key, out string? text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && value is > 0 and <= 10_000
            ? value
            : null;
}
