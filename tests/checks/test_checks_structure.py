"""How a torch module is built: judged from its plain description, which may be anything."""

from __future__ import annotations

import copy
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import structure
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.checks.inspection import torch_records
from autograder.checks.plain import to_plain


@pytest.fixture(scope="module")
def torch():
    """torch, where it is installed."""
    return pytest.importorskip("torch")


@pytest.fixture
def network(torch):
    """A small convolutional network: two shared activations, dropout, two linear layers."""
    nn = torch.nn
    relu = nn.ReLU()
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        relu,
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 4 * 4, 5),
        relu,
        nn.Dropout(0.25),
        nn.Linear(5, 3, bias=False),
    )


@pytest.fixture
def built(network):
    """Its structure, with an example of two images of 8 x 8."""
    return structure(torch_records.describe(network, np.zeros((2, 1, 8, 8))), name="net")


def says(call) -> str:
    """The sentence of a failure, "" of none."""
    try:
        call()
    except CheckFailed as failed:
        return str(failed)
    return ""


def test_parameters_are_counted_by_their_shapes(built):
    """Exactly, between bounds, and with the largest parts named."""
    built.parameters(exactly=4 * 9 + 4 + 64 * 5 + 5 + 15).parameters(between=(380, 380))

    assert says(lambda: built.parameters(exactly=381)) == (
        "net has 380 parameters (most: 325 in 4, 40 in 0, 15 in 7); expected 381."
    )
    assert says(lambda: built.parameters(between=(1_000, 2_000))).endswith("; expected 1,000 to 2,000.")


def test_frozen_parameters_do_not_count_as_trainable(torch, network):
    """And the sentence says which number it is."""
    network[4].requires_grad_(False)
    built = structure(torch_records.describe(network))

    built.parameters(exactly=380).parameters(exactly=55, trainable=True)
    assert says(lambda: built.parameters(exactly=1, trainable=True)).startswith("model has 55 trainable parameters")


def test_what_layers_share_counts_once(torch):
    """As in an autoencoder with tied weights."""
    first, second = torch.nn.Linear(3, 3, bias=False), torch.nn.Linear(3, 3, bias=False)
    second.weight = first.weight

    assert structure(torch_records.describe(torch.nn.Sequential(first, second, first))).count == 9


def test_a_count_without_a_bound_is_the_instructors_fault(built):
    """Nothing would be judged."""
    for given_bounds in ({}, {"exactly": 1, "between": (1, 2)}):
        with pytest.raises(InstructorError, match="needs one of"):
            built.parameters(**given_bounds)


def test_kinds_are_compared_in_the_order_of_the_computation(built):
    """A layer that is used twice stands twice; other types are skipped."""
    built.kinds(["Conv2d", "ReLU", "Linear", "ReLU", "Linear"]).kinds(["Conv2d", "Linear", "Linear"])

    assert says(lambda: built.kinds(["Conv2d", "Linear", "Conv2d"])) == (
        "net has the layers Conv2d, Linear, Linear: number 3 is Linear; expected Conv2d."
    )
    assert says(lambda: built.kinds(["Linear"])).endswith("number 2 is Linear; expected nothing more.")
    assert says(lambda: built.kinds(["Tanh"])) == (
        "net has the layers none of these: number 1 is nothing; expected Tanh."
    )


def test_kinds_may_come_in_any_order(built):
    """Then only their numbers count."""
    built.kinds(["Linear", "Conv2d", "Linear"], in_order=False)

    assert says(lambda: built.kinds(["Linear", "Tanh", "Conv2d", "Conv2d"], in_order=False)) == (
        "net has the layers Conv2d, Linear, Linear: Linear too many, Tanh missing, Conv2d missing."
    )


def test_only_these_kinds_may_be_asked_for(built):
    """Then a layer of another type is one too many."""
    assert "number 3 is MaxPool2d" in says(lambda: built.kinds(["Conv2d", "ReLU", "Linear"], only=True))


def test_without_an_example_the_order_is_that_of_the_definition(torch):
    """And a layer that is defined but not used only shows with one."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.last = torch.nn.Linear(2, 1)
            self.first = torch.nn.Tanh()
            self.unused = torch.nn.Linear(2, 2)

        def forward(self, x):
            return self.last(self.first(x))

    structure(torch_records.describe(Net())).kinds(["Linear", "Tanh", "Linear"])
    used = structure(torch_records.describe(Net(), np.zeros((1, 2))))
    used.kinds(["Tanh", "Linear"])
    assert says(lambda: used.layer("unused", output=(1, 2))) == "model has unused (Linear), but does not use it."


def test_numbers_of_a_type_are_bounded(built):
    """At least, at most, none; with a star for any text."""
    built.has("Dropout").has("Linear", at_least=2, at_most=2).has("Max*").has_no("BatchNorm*", "LSTM")

    assert says(lambda: built.has("Dropout", at_least=2)) == (
        "net has 1 Dropout; expected at least 2. Its layers are 0 (Conv2d), 1 (ReLU), 2 (MaxPool2d), 3 (Flatten), "
        "4 (Linear), 5 (ReLU), 6 (Dropout), 7 (Linear)."
    )
    assert says(lambda: built.has("LSTM")).startswith("net has no LSTM; expected at least 1.")
    assert says(lambda: built.has("Linear", at_most=1)) == "net has 2 Linear; expected at most 1."
    assert says(lambda: built.has_no("LSTM", "Drop*")) == "net has 6 (Dropout); Drop* is not allowed here."


def test_one_layer_is_compared_with_its_settings(built):
    """By name, or by type and place; a number stands for a pair of it."""
    assert built.layer("0", kind="Conv2d", kernel_size=3, out_channels=4, padding=(1, 1)).name == "0"
    assert built.layer("Linear[1]", in_features=5, output=(2, 3)).name == "7"
    assert built.layer("Linear[-1]").name == "7"
    built.layer("2", kernel_size=(2, 2), output=(None, 4, 4, 4))
    built.layer("6", p=0.25)

    assert says(lambda: built.layer("0", kernel_size=(11, 11))) == (
        "net has 0 (Conv2d) with kernel_size=(3, 3); expected (11, 11)."
    )
    assert says(lambda: built.layer("0", kind="Linear")) == "net has 0 (Conv2d); expected Linear there."
    assert says(lambda: built.layer("0", p=0.5)) == "net has 0 (Conv2d), which has no p; expected p=0.5."
    assert says(lambda: built.layer("7", output=(2, 4))) == (
        "The output of 7 (Linear) is of shape (2, 3); expected (2, 4)."
    )
    assert says(lambda: built.layer("conv1")).startswith("net has no layer 'conv1'. Its layers are 0 (Conv2d), ")
    assert says(lambda: built.layer("Linear[2]")).startswith("net has no layer 'Linear[2]'.")


def test_the_shape_of_the_output_is_compared(built, network, torch):
    """None stands for any length; a model that gives no tensor has none."""
    built.output_shape(2, 3).output_shape(None, 3)

    assert says(lambda: built.output_shape(3)) == "The output of net is of shape (2, 3); expected (3,)."

    class Text(torch.nn.Linear):
        def forward(self, x):
            return "seven"

    reported = structure(torch_records.describe(Text(1, 1), np.zeros((1, 1))))
    assert says(lambda: reported.output_shape(1, 1)) == "The output of model is no tensor; expected (1, 1)."
    for call in (lambda bare: bare.output_shape(3), lambda bare: bare.layer("0", output=(3,))):
        with pytest.raises(InstructorError, match=r"needs an example: student\.layers_of\(model, x\)"):
            call(structure(torch_records.describe(network)))


def test_frozen_layers_are_distinguished_from_those_that_train(network):
    """By names with a star."""
    network[0].requires_grad_(False)
    built = structure(torch_records.describe(network), name="net")
    built.frozen("0").trains("[47]")

    assert says(built.frozen) == "net has 4 (Linear), whose weight is trainable; it must be frozen."
    assert says(built.trains) == "net has 0 (Conv2d), whose weight is frozen; it must be trainable."
    assert says(lambda: built.frozen("head.*")).startswith("net has no layer 'head.*' with parameters. Its layers are")


def test_the_mode_is_that_of_the_model_and_all_layers(network):
    """A description leaves it as it was."""
    network.train()
    network[6].eval()
    built = structure(torch_records.describe(network, np.zeros((1, 1, 8, 8))), name="net")

    assert says(lambda: built.in_mode("eval")) == "net is in train mode; call net.eval()."
    assert says(lambda: built.in_mode("train")) == "net has 6 (Dropout) in eval mode; expected train mode."
    assert network[1].training
    assert not network[6].training
    structure(torch_records.describe(network.eval())).in_mode("eval")
    with pytest.raises(InstructorError, match="give 'train' or 'eval'"):
        built.in_mode("test")


def test_saved_weights_must_be_those_of_the_model(built, network):
    """Each parameter by name and shape; a false description does not fit what was saved."""
    saved = {name: value.numpy() for name, value in network.state_dict().items()}
    built.agrees_with({**saved, "0.running_mean": np.zeros(3)})

    assert says(lambda: built.agrees_with([1])) == "The saved weights are no dictionary; save model.state_dict()."
    assert says(lambda: built.agrees_with({})) == (
        "The saved weights have no '0.weight'; save the state_dict() of this very model."
    )
    assert says(lambda: built.agrees_with({**saved, "7.weight": np.zeros((5, 3))})) == (
        "The saved 7.weight has the shape (5, 3); that of the model has (3, 5)."
    )


def test_only_classes_of_torch_have_their_names(torch):
    """A class of the student's own is "custom", whatever it calls itself, also where it inherits."""

    class Linear(torch.nn.Linear):
        pass

    Linear.__module__ = "torch.nn.modules.linear"
    built = structure(torch_records.describe(torch.nn.Sequential(Linear(1, 1), torch.nn.Linear(1, 1))))

    assert [layer.type for layer in built.layers] == ["custom", "Linear"]


def test_parameters_of_a_module_with_layers_inside_are_seen(torch):
    """They count, under the module's own name."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(7))
            self.inner = torch.nn.Linear(1, 1)

    built = structure(torch_records.describe(Net()))

    assert [(layer.name, layer.type) for layer in built.layers] == [("", "custom"), ("inner", "Linear")]
    assert built.count == 9
    assert says(lambda: built.frozen("")) == (
        "model has the layer custom, whose scale is trainable; it must be frozen."
    )


def test_what_is_no_torch_module_cannot_be_described(torch):
    """Nor one of too many layers."""
    with pytest.raises(TypeError, match=r"expected a torch\.nn\.Module, not a list"):
        torch_records.describe([])
    with pytest.raises(ValueError, match="more than 2000 layers"):
        torch_records.describe(torch.nn.Sequential(*[torch.nn.Flatten()] * 2001))


def test_a_description_is_plain_data(network):
    """It crosses into a sandbox unchanged, and nothing of torch is left in it."""

    def refuse(value):
        raise AssertionError(value)

    record = torch_records.describe(network, np.zeros((1, 1, 8, 8)))

    assert to_plain(record, refuse) == record


# --- what a hostile process may say ---

LAYER = {
    "name": "a",
    "type": "Linear",
    "training": True,
    "settings": {"in_features": 2, "padding_mode": "zeros", "p": 0.5, "bias": None, "stride": (1, 1)},
    "parameters": ({"name": "w", "shape": (2, 3), "dtype": "float32", "trainable": True, "same_as": ""},),
}
RECORD = {"training": True, "layers": (LAYER,), "calls": ((0, (1, 2)), (0, None)), "output": None}


def changed(path: tuple, value: object) -> dict:
    """The record with one part replaced."""
    record = copy.deepcopy(RECORD)
    record["layers"] = list(record["layers"])
    record["calls"] = [list(call) for call in record["calls"]]
    record["layers"][0]["parameters"] = list(record["layers"][0]["parameters"])
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return record


def test_the_record_itself_is_read():
    """So that the refusals below are refusals of one part."""
    assert structure(RECORD).count == 6
    assert structure(changed(("output",), (1, 2))).output == (1, 2)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("training",), 1),
        (("layers",), 3),
        (("layers",), (LAYER,) * 2001),
        (("layers", 0), [LAYER]),
        (("layers", 0, "name"), "a b <script>"),
        (("layers", 0, "name"), "a" * 301),
        (("layers", 0, "name"), b"a"),
        (("layers", 0, "type"), None),
        (("layers", 0, "settings"), {"p": [1]}),
        (("layers", 0, "settings"), {"p": 10**100}),
        (("layers", 0, "settings"), {3: 1}),
        (("layers", 0, "settings"), {f"p{number}": 1 for number in range(257)}),
        (("layers", 0, "parameters", 0, "shape"), (-1, 3)),
        (("layers", 0, "parameters", 0, "shape"), (True, 3)),
        (("layers", 0, "parameters", 0, "shape"), (2**61, 2**61)),
        (("layers", 0, "parameters", 0, "shape"), (1,) * 17),
        (("layers", 0, "parameters", 0, "trainable"), "yes"),
        (("calls", 0), (1, (1,))),
        (("calls", 0), (-1, (1,))),
        (("calls", 0), (0,)),
        (("calls", 0), 7),
        (("output",), (math.nan,)),
    ],
)
def test_a_malformed_description_is_refused(path, value):
    """In one sentence, whatever is wrong in it."""
    assert says(lambda: structure(changed(path, value))) == (
        "model gave no readable description; it must be a torch.nn.Module."
    )


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*RECORD, *LAYER, "shape"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(
    path=st.sampled_from(
        [(), ("layers",), ("layers", 0), ("layers", 0, "settings"), ("layers", 0, "parameters", 0), ("calls",)]
    ),
    value=PLAIN,
)
def test_no_answer_makes_the_judge_stumble(path, value):
    """It is read or refused, and nothing else is raised."""
    record = changed(path, value) if path else value
    try:
        found = structure(record)
    except CheckFailed:
        return

    assert found.count >= 0
    says(lambda: found.kinds(["Linear"]).has("Linear").layer("a", in_features=2, p=0.5))


def test_a_model_without_layers_is_reported():
    """An empty description is described in a whole sentence."""
    empty = structure({"layers": [], "calls": [], "output": None, "training": True})
    with pytest.raises(CheckFailed, match=r"has no Linear; expected at least 1\. It has no layers\.$"):
        empty.has("Linear")


@pytest.mark.parametrize("which", ["Conv2d[x]", "Conv2d[]", "Conv2d[0"])
def test_a_place_that_is_no_number_is_the_instructors_mistake(which):
    """Only ``Type[number]`` is a place."""
    empty = structure({"layers": [], "calls": [], "output": None, "training": True})
    with pytest.raises(InstructorError, match=r'give its name, or such as "Conv2d\[0\]"'):
        empty.layer(which)


def test_lazy_layers_have_the_shapes_that_the_example_gives_them():
    """A model of lazy layers is described after the example went through it, and without one the sentence says so."""
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # older versions of torch call lazy modules new
        ready, empty = (torch.nn.Sequential(torch.nn.LazyLinear(3)) for _ in range(2))

    structure(torch_records.describe(ready, np.zeros((2, 4)))).kinds(["Linear"]).parameters(exactly=15)
    with pytest.raises(ValueError, match="the layer '0' has no shape yet; call the model once"):
        torch_records.describe(empty)


def test_an_example_goes_to_where_the_model_is(torch):
    """A model on another device is given its example there; one without parameters is given it on this one."""
    for model in (torch.nn.Linear(2, 3, device="meta"), torch.nn.Identity()):
        structure(torch_records.describe(model, np.zeros((4, 2)))).output_shape(4, None)
