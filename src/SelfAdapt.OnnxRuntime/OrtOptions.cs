namespace SelfAdapt.OnnxRuntime;

/// <summary>Where a session runs.</summary>
internal enum OrtDevice
{
    Cpu,

    Cuda,
}

/// <summary>How a session runs.</summary>
/// <param name="DeviceIndex">Which GPU, 0-based.</param>
/// <param name="Threads">Threads within an operator on the processor; 0 leaves it to ONNX Runtime.</param>
/// <param name="Optimize">Whether the graph is made faster first, which takes time itself.</param>
internal sealed record OrtOptions(
    OrtDevice Device = OrtDevice.Cpu, int DeviceIndex = 0, int Threads = 0, bool Optimize = true)
{
    /// <summary>The provider as it is named in logs: "CPU" or "CUDA:0".</summary>
    public string ProviderName => Device == OrtDevice.Cpu ? "CPU" : $"CUDA:{DeviceIndex}";
}
