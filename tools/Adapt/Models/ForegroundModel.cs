using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Probabilistic.Learning;
using SelfAdapt.Probabilistic.Networks;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.Models;

/// <summary>A foreground network that is trained here: a Probabilistic U-Net, or any of one channel and one logit.</summary>
/// <param name="Probabilistic">Null for a plain one.</param>
internal sealed record ForegroundModel(ModelFile Model, Network Network, ProbabilisticNetwork? Probabilistic)
{
    /// <summary>The file of a plain network; of a Probabilistic U-Net, that of its samples' mean.</summary>
    public const string PlainName = "foreground.onnx";

    private const string TrainableName = "probabilistic.onnx";
    private const string NoiseName = "foreground_noise.onnx";

    /// <exception cref="SelfAdaptException">ModelUnsupported: it is neither.</exception>
    public static ForegroundModel Of(ModelFile model) => ProbabilisticNetwork.Read(model.Onnx) is { } probabilistic
        ? new(model, probabilistic.Training, probabilistic)
        : Plain(model);

    /// <exception cref="SelfAdaptException">ModelUnsupported: it is not of one channel and one logit.</exception>
    public static ForegroundModel Plain(ModelFile model)
    {
        Network network = model.ImportForTraining(null);
        return network.InputChannels == 1 && network.Outputs.Channels == 1
            ? new(model, network, null)
            : throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Path,
                $"it takes {network.InputChannels} channels and gives {network.Outputs.Channels}, where an image of one channel goes "
                + "in and one logit comes out. Leave out --model for a new network.");
    }

    public static ForegroundModel NewUNet(IReadOnlyList<int> widths, int seed) =>
        OfNew(UNetGraph.Build(1, widths, Random(seed).NextUniform, new Dictionary<string, string>()));

    public static ForegroundModel New(ProbabilisticShape shape, int seed) =>
        OfNew(ProbabilisticUNetGraph.Build(shape, Random(seed).NextUniform));

    /// <param name="parts">Batches in a step.</param>
    public IForegroundLearner Learner(Backend backend, SelfTrainingOptions options, int parts) => Probabilistic is { } network
        ? new ProbabilisticLearner(network, backend, options, parts)
        : new PlainLearner(Network, backend, options, parts);

    /// <param name="weights">Stay the caller's.</param>
    public ISegmentationNetwork Predictor(NetworkWeights weights, Backend backend, SelfTrainingOptions options) =>
        Probabilistic is { } network
            ? new SampledNetwork(network, weights, backend, options.Samples, options.Confidence)
            : new EngineNetwork(weights, backend);

    /// <summary>Where it is saved for further training.</summary>
    public string FileIn(string folder) => Path.Combine(folder, Probabilistic is null ? PlainName : TrainableName);

    /// <summary>It with other weights, for further training.</summary>
    public OnnxModel With(WeightSnapshot weights, IntensityNormalization normalization) =>
        Model.Onnx.With(normalization, weights.ByName(Network));

    /// <summary>Saves it with other weights and, where it has samples, in the forms that other programs take.</summary>
    public void Save(WeightSnapshot weights, IntensityNormalization normalization, string folder, int samples)
    {
        OnnxModel model = With(weights, normalization);
        model.Save(FileIn(folder));
        if (Probabilistic is { } probabilistic)
        {
            ProbabilisticUNetGraph.OfSamples(model, SampleNoise.Fixed(samples, probabilistic.Shape.Latent))
                .With(normalization).Save(Path.Combine(folder, PlainName));
            ProbabilisticUNetGraph.OfNoise(model).With(normalization).Save(Path.Combine(folder, NoiseName));
        }
    }

    private static ForegroundModel OfNew(OnnxModel model) => Of(ModelFile.Of(model, "a new network"));

    private static RandomStream Random(int seed) => new RandomStream((ulong)seed).Substream("initial weights");
}
