using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>What runs the teacher network: the built-in engine, or ONNX Runtime.</summary>
internal interface ITeacherEngine : IDisposable
{
    string Name { get; }

    /// <summary>Takes up the teacher's weights after they have moved.</summary>
    void Refresh(NetworkWeights weights);

    /// <summary>Runs one view of a batch in evaluation mode.</summary>
    /// <param name="input">[N,C,H,W].</param>
    /// <param name="output">Receives the raw outputs, [N,K,H,W].</param>
    void Run(DeviceVector input, DeviceVector output);
}

/// <summary>The built-in engine as teacher: it reads the teacher's weights where they are.</summary>
internal sealed class BuiltinTeacher(NetworkWeights weights, Backend backend, int batch, int size) : ITeacherEngine
{
    private readonly TrainableGraph _graph =
        new(weights.Network, weights, backend, batch, size, size, GraphMode.Inference);

    public string Name => $"builtin, {_graph.Backend.Name}";

    public void Refresh(NetworkWeights weights)
    {
        // The graph reads the very vectors that the optimiser moved.
    }

    public void Run(DeviceVector input, DeviceVector output)
    {
        _graph.Backend.Steps.Copy(input, _graph.Input);
        _graph.Forward();
        _graph.Backend.Steps.Copy(_graph.Output, output);
    }

    public void Dispose() => _graph.Dispose();
}
