using System.CommandLine;
using System.Globalization;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>The options of export that only a BioImage.IO package has.</summary>
internal sealed class PackageArguments
{
    private const string Group = "only with --format bioimageio";

    private readonly SettingOptions<PackageSettings> _options = new();

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="format">Its option that names the format.</param>
    public void AddTo(Command command, Option format)
    {
        _options.AddTo(command);
        Option image = _options[nameof(PackageSettings.Image)];
        command.Validators.Add(result =>
        {
            bool package = result.GetResult(format) is { Tokens: [{ Value: "bioimageio" }] };
            if (package && result.GetResult(image) is null)
            {
                result.AddError("--format bioimageio needs --image, an image that the model is for.");
            }

            foreach (Option option in package ? [] : _options.All)
            {
                if (result.GetResult(option) is { Implicit: false })
                {
                    result.AddError($"{option.Name} goes with --format bioimageio.");
                }
            }
        });
    }

    /// <summary>Packs a model.</summary>
    /// <param name="variant">How it was written.</param>
    /// <param name="network">The same, as imported.</param>
    /// <param name="run">The run whose weights are packed; null for none.</param>
    /// <param name="diameters">The diameters that the export carries.</param>
    /// <param name="licence">The licence; null if it is not known.</param>
    /// <param name="target">The file that is written.</param>
    /// <returns>The content of the zip file.</returns>
    /// <exception cref="SelfAdaptException">The image can't be used, or as ModelPackage.Write.</exception>
    public byte[] Pack(
        ParseResult parsed, byte[] content, ModelVariant variant, ModelFile model, Network network, RunRecord? run,
        Diameters diameters, string? licence, string target)
    {
        PackageSettings settings = _options.Get(parsed);
        string file = settings.Image!;
        Image image = ImageFolder.ReadOne(file).Image;

        PackageRequest request = new(
            settings.Name ?? DefaultName(target),
            settings.Description ?? DefaultDescription(model, run),
            settings.Author, licence ?? model.Onnx.Metadata.GetValueOrDefault("license"),
            Preparation(settings, model, network.Outputs, run, diameters),
            [.. settings.Validation, .. Validation(run)],
            DateTimeOffset.UtcNow, ExportMetadata.Collect(model, network, run, diameters, licence));
        ModelPackage.RequirePackable(variant, request);
        if (network.Joined is not null)
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Path,
                "a BioImage.IO package is made of networks that return logits or flows of the image's size only. Export the ONNX file.");
        }

        Network packed = ModelFile.Of(content, model.Path).Import(network.Outputs);
        using CpuBackend backend = new();
        using NetworkWeights weights = new(packed, backend);
        using EngineNetwork engine = new(weights, backend);
        return ModelPackage.Write(content, variant, packed, engine, image, file, request);
    }

    private static SegmentationOptions Preparation(
        PackageSettings settings, ModelFile model, OutputDescription outputs, RunRecord? run, Diameters diameters)
    {
        IntensityNormalization normalization = settings.Normalize switch
        {
            PackedNormalization.Percentile => IntensityNormalization.Percentile,
            PackedNormalization.Zscore => IntensityNormalization.ZeroMeanUnitVariance,
            PackedNormalization.None => IntensityNormalization.None,
            _ => NormalizationName.Read(run?.Normalization) ?? model.Normalization ?? IntensityNormalization.Percentile,
        };
        double mean = diameters.Mean ?? CellposeModels.Diameter;
        double[] channels = [.. (run?.Channels ?? "0,0").Split(',').Select(n =>
            double.Parse(n, CultureInfo.InvariantCulture))];
        SegmentationOptions options = new()
        {
            DiamMean = mean,
            Diameter = outputs.HasFlow ? diameters.Labels ?? mean : 0,
            Channels = settings.Channels ?? new ChannelPair((int)channels[0], (int)channels[1]),
            Normalization = normalization,
            Invert = run is { Invert: true } && normalization != IntensityNormalization.None,
        };
        options.Validate();
        return options;
    }

    private static string DefaultName(string target)
    {
        string name = string.Concat(Path.GetFileNameWithoutExtension(target).Select(c =>
            char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '+' ? c : ' '));
        return PackageRequest.IsName(name) ? name : $"{name} model".Trim();
    }

    private static string DefaultDescription(ModelFile model, RunRecord? run) => run is null
        ? $"A segmentation network, from {Path.GetFileName(model.Path)}."
        : $"A segmentation network, {Path.GetFileName(model.Path)}, adapted without labels to further images.";

    /// <summary>What a run knows of its result, without claiming what it can't know.</summary>
    private static IEnumerable<string> Validation(RunRecord? run)
    {
        if (run is null)
        {
            yield return "No adaptation and no measurement goes with these weights.";
            yield break;
        }

        (double? all, double? labelled, double? looked) = run.Images;
        yield return FormattableString.Invariant(
            $"Adapted without labels to {all} images; kept are the weights after step {run.KeptIteration} of ")
            + FormattableString.Invariant($"{run.Iterations} (end: {run.StopReason}).");
        yield return FormattableString.Invariant(
            $"On {looked} of them, {run.FnRate:P1} of the cells that the source model finds are lost, and ")
            + FormattableString.Invariant($"the embeddings moved by {run.EmbeddingDistance:0.###}: this measures ")
            + "agreement with the source model, not accuracy.";
        yield return run.Ap50 is { Before: { } before, After: { } after }
            ? FormattableString.Invariant(
                $"On {labelled} labelled images, average precision at IoU 0.5 was {before:0.000} before and ")
                + FormattableString.Invariant($"{after:0.000} after; labels took no part in training.")
            : "Accuracy was not measured: there were no labels.";
    }

    private enum PackedNormalization
    {
        Run,
        Percentile,
        Zscore,
        None,
    }

    private sealed record PackageSettings
    {
        [Setting("An image that the model is for, of which test tensors and cover are made",
            Unit = "file", Group = Group)]
        public string? Image { get; init; }

        [Setting("The model's name", Default = "from the name of --out", Group = Group)]
        public string? Name { get; init; }

        [Setting("A sentence about the model", Group = Group)]
        public string? Description { get; init; }

        [Setting("Who made the model; may be given several times", Group = Group)]
        public string[] Author { get; init; } = [];

        [Setting("A sentence about how well it works; may be given several times", Group = Group)]
        public string[] Validation { get; init; } = [];

        [Setting("Channels as in 'adapt'", Default = "those of the run, else 0,0", Group = Group)]
        public ChannelPair? Channels { get; init; }

        [Setting("How intensities are normalised; 'run': as the run did, else as the model tells, else percentile", Group = Group)]
        public PackedNormalization Normalize { get; init; }
    }
}
