using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files.Images;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>The options of export that only a BioImage.IO package has.</summary>
internal sealed class PackageArguments
{
    private readonly Option<string?> _image = OptionFactory.Optional<string>(
        "--image", "FILE", "For bioimageio: an image that the model is for, of which test tensors and cover are made");

    private readonly Option<string?> _name = OptionFactory.Optional<string>(
        "--name", "TEXT", "For bioimageio: the model's name [default: from the name of --out]");

    private readonly Option<string?> _description = OptionFactory.Optional<string>(
        "--description", "TEXT", "For bioimageio: a sentence about the model");

    private readonly Option<string[]> _author = new("--author")
    {
        HelpName = "NAME",
        Description = "For bioimageio: who made the model; may be given several times",
    };

    private readonly Option<string[]> _validation = new("--validation")
    {
        HelpName = "TEXT",
        Description = "For bioimageio: a sentence about how well it works; may be given several times",
    };

    private readonly Option<ChannelPair?> _channels = OptionFactory.Channels();

    private readonly Choice<IntensityNormalization?> _normalize = new(
        "--normalize", "run", "For bioimageio: how intensities are normalised; 'run': as the run did, else percentile",
        ("run", null), ("percentile", IntensityNormalization.Percentile),
        ("zscore", IntensityNormalization.ZeroMeanUnitVariance), ("none", IntensityNormalization.None));

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="format">Its option that names the format.</param>
    public void AddTo(Command command, Option<string> format)
    {
        Option[] options = [_image, _name, _description, _author, _validation, _channels, _normalize.Option];
        foreach (Option option in options)
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            bool package = result.GetResult(format) is { Tokens: [{ Value: "bioimageio" }] };
            if (package && result.GetResult(_image) is null)
            {
                result.AddError("--format bioimageio needs --image, an image that the model is for.");
            }

            foreach (Option option in package ? [] : options)
            {
                if (result.GetResult(option) is { Implicit: false })
                {
                    result.AddError($"{option.Name} goes with --format bioimageio.");
                }
            }
        });
    }

    /// <summary>Packs a model.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="content">The ONNX file.</param>
    /// <param name="variant">How it was written.</param>
    /// <param name="model">The source model.</param>
    /// <param name="network">The same, as imported.</param>
    /// <param name="run">The run whose weights are packed; null for none.</param>
    /// <param name="diameters">The diameters that the export carries.</param>
    /// <param name="licence">The licence; null if it is not known.</param>
    /// <returns>The content of the zip file.</returns>
    /// <exception cref="SelfAdaptException">The image can't be used, or as ModelPackage.Write.</exception>
    public byte[] Pack(
        ParseResult parsed, byte[] content, ModelVariant variant, ModelFile model, Network network, RunRecord? run,
        Diameters diameters, string? licence)
    {
        string file = parsed.GetValue(_image)!;
        Image image = ImageFile.Read(file);
        if (ImageFolder.WhyUnusable(image) is { } reason)
        {
            throw new SelfAdaptException(ExitCode.NoUsableInput, $"{file}: {reason}");
        }

        PackageRequest request = new(
            parsed.GetValue(_name) ?? DefaultName(parsed.GetRequiredValue<string>("--out")),
            parsed.GetValue(_description) ?? DefaultDescription(model, run),
            parsed.GetValue(_author) ?? [], licence ?? model.Onnx.Metadata.GetValueOrDefault("license"),
            Preparation(parsed, network.Outputs, run, diameters),
            [.. parsed.GetValue(_validation) ?? [], .. Validation(run)],
            DateTimeOffset.UtcNow, ExportMetadata.Collect(model, network, run, diameters, licence));
        ModelPackage.RequirePackable(variant, request);
        Network packed = ModelFile.Of(content, model.Path).Import(network.Outputs);
        using CpuBackend backend = new();
        using NetworkWeights weights = new(packed, backend);
        using EngineNetwork engine = new(weights, backend);
        return ModelPackage.Write(content, variant, packed, engine, image, file, request);
    }

    private SegmentationOptions Preparation(
        ParseResult parsed, OutputDescription outputs, RunRecord? run, Diameters diameters)
    {
        IntensityNormalization normalization = _normalize.Get(parsed) ?? run?.Normalization switch
        {
            "none" => IntensityNormalization.None,
            "zero_mean_unit_variance" => IntensityNormalization.ZeroMeanUnitVariance,
            _ => IntensityNormalization.Percentile,
        };
        double mean = diameters.Mean ?? SegmentationArguments.CellposeDiameter;
        double[] channels = [.. (run?.Channels ?? "0,0").Split(',').Select(n =>
            double.Parse(n, CultureInfo.InvariantCulture))];
        SegmentationOptions options = new()
        {
            DiamMean = mean,
            Diameter = outputs.HasFlow ? diameters.Labels ?? mean : 0,
            Channels = parsed.GetValue(_channels) ?? new ChannelPair((int)channels[0], (int)channels[1]),
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

        (double? all, double? labelled, double? heldOut) = run.Images;
        yield return FormattableString.Invariant(
            $"Adapted without labels to {all} images; kept are the weights after step {run.KeptIteration} of ")
            + FormattableString.Invariant($"{run.Iterations} (end: {run.StopReason}).");
        yield return FormattableString.Invariant(
            $"On {heldOut} images held out, {run.FnRate:P1} of the cells that the source model finds are lost, and ")
            + FormattableString.Invariant($"the embeddings moved by {run.EmbeddingDistance:0.###}: this measures ")
            + "agreement with the source model, not accuracy.";
        yield return run.Ap50 is { Before: { } before, After: { } after }
            ? FormattableString.Invariant(
                $"On {labelled} labelled images, average precision at IoU 0.5 was {before:0.000} before and ")
                + FormattableString.Invariant($"{after:0.000} after; labels took no part in training.")
            : "Accuracy was not measured: there were no labels.";
    }
}
