using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>The real models beside the checkout.</summary>
internal static class RealModels
{
    public const string Dynamic = "dynamic opset 16";
    public const string SingleOutput = "single output opset 11";
    public const string Static = "static opset 13";
    public const string UNet = "U-Net opset 20";
    public const string Checkpoint = "torch checkpoint";

    private static readonly Dictionary<string, string[]> Files = new()
    {
        [Dynamic] = ["models", "cellpose_nuclei_dsb", "nuclei_dsb_dynamic_opset16.onnx"],
        [SingleOutput] = ["models", "cellpose_nuclei_dsb", "nuclei_dsb_single_output_opset11.onnx"],
        [Static] = ["models", "cellpose_nuclei_dsb", "nuclei_dsb_static_opset13.onnx"],
        [UNet] = ["models", "unet2d_nuclei_broad", "weights.onnx"],
        [Checkpoint] = ["models", "cellpose_nuclei_dsb", "nuclei_dsb"],
    };

    /// <summary>The model, or the graph built from the checkpoint; ends the test as inconclusive if absent.</summary>
    public static OnnxModel Load(string name)
    {
        string path = SharedData.Path(Files[name]);
        return name == Checkpoint
            ? CellposeGraphBuilder.Build(TorchCheckpoint.Load(path))
            : OnnxModel.Load(path);
    }
}
