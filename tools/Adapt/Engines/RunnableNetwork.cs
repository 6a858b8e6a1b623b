using SelfAdapt.Models.Graph;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Engines;

/// <summary>A network as it is run, whichever engine can.</summary>
/// <param name="Trainable">As the built-in engine takes it; null where only ONNX Runtime can run it.</param>
/// <param name="Ort">How ONNX Runtime runs it.</param>
/// <param name="WhyOrtOnly">Why the built-in engine can't; null where it can.</param>
internal sealed record RunnableNetwork(
    ModelFile Model, Network? Trainable, OrtNetworkOutputs Ort, SelfAdaptException? WhyOrtOnly)
{
    /// <summary>What its outputs mean, as they are run.</summary>
    public OutputDescription Outputs => Ort.Description.AsLogits;

    public bool TakesWholeNumbers => ImageInput.Read(Model.Onnx).IsInteger;

    /// <summary>Reads a model.</summary>
    /// <param name="outputs">What the output channels mean; null to go by their number.</param>
    /// <exception cref="SelfAdaptException">
    /// ModelUnsupported: neither engine can run it. OutputsUnknown: its outputs must be described.
    /// </exception>
    public static RunnableNetwork Of(ModelFile model, OutputDescription? outputs)
    {
        try
        {
            Network network = model.Import(outputs);
            return new(model, network, new(network.OutputName, network.EmbeddingName, network.OutputsInFile), null);
        }
        catch (SelfAdaptException e) when (e.Kind == ErrorKind.ModelUnsupported && model.Checkpoint is null)
        {
            return new(model, null, Probe(model, outputs, e), e);
        }
    }

    /// <summary>What a refusal says, without the file and what would be supported.</summary>
    public static string Reason(SelfAdaptException refusal) =>
        (refusal.File is { } file ? refusal.Message[(file.Length + 2)..] : refusal.Message)
            .Split(NetworkReader.Supported)[0];

    private static OrtNetworkOutputs Probe(ModelFile model, OutputDescription? outputs, SelfAdaptException builtin)
    {
        try
        {
            return OrtProbe.Read(model.Onnx, outputs);
        }
        catch (SelfAdaptException e) when (e.Kind != ErrorKind.OutputsUnknown && e.Message != builtin.Message)
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Path,
                $"{Reason(builtin)} Nor can ONNX Runtime run it: {Reason(e)}", e);
        }
    }
}
