using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>The globals a state dict may name.</summary>
internal static class TorchNames
{
    public const string RebuildTensor = "torch._utils _rebuild_tensor_v2";
    public const string RebuildParameter = "torch._utils _rebuild_parameter";

    public static readonly IReadOnlyDictionary<string, OnnxDataType> Storages =
        new Dictionary<string, OnnxDataType>
        {
            ["torch FloatStorage"] = OnnxDataType.Float,
            ["torch DoubleStorage"] = OnnxDataType.Double,
            ["torch HalfStorage"] = OnnxDataType.Float16,
            ["torch BFloat16Storage"] = OnnxDataType.BFloat16,
            ["torch LongStorage"] = OnnxDataType.Int64,
        };

    public static string StorageOf(OnnxDataType type) => Storages.Single(s => s.Value == type).Key;
}
