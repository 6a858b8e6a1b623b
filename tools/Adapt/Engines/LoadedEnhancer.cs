using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Engines;

/// <summary>An enhancer, ready to run on maps of forests with known features.</summary>
internal sealed class LoadedEnhancer : IDisposable
{
    private readonly Backend _backend;
    private readonly EngineNetwork _network;

    private LoadedEnhancer(Backend backend, EngineNetwork network) => (_backend, _network) = (backend, network);

    public ISegmentationNetwork Network => _network;

    /// <param name="path">The file, or the word for the one that the program carries; null for none.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it is no enhancer of such maps.</exception>
    public static LoadedEnhancer? Open(string? path, FeatureSet features, EngineRequest request, TextWriter log)
    {
        if (path is null)
        {
            return null;
        }

        ModelFile model = path == DefaultModel.BuiltinEnhancer
            ? ModelFile.Of(DefaultModel.ReadEnhancer(), "the builtin enhancer")
            : ModelFile.Load(path);
        Network network = model.ImportForTraining(null);
        PredictionEnhancer.Require(model.Onnx, network, features);
        Backend backend = InferenceEngine.OpenBackend(request, log);
        return new(backend, new EngineNetwork(network, null, backend));
    }

    public void Dispose()
    {
        _network.Dispose();
        _backend.Dispose();
    }
}
