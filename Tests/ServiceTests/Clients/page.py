"""Uses the web page as a person does, in a headless Chromium: chooses two pictures, fuses, cancels, and is told what is wrong.

    python3 -m pip install selenium; apt-get install chromium chromium-driver
    python3 Tests/ServiceTests/Clients/page.py http://127.0.0.1:8080 MRI.png CT.png [FOLDER for screenshots]

Says "done" at the end; any complaint of the browser is an error.
"""

import pathlib
import sys

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

url, mri, ct, *folder = sys.argv[1:]


def browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,1750", "--hide-scrollbars"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))


with browser() as driver:

    def text(name: str) -> str:
        return driver.find_element(By.ID, name).text

    def wait(what: str, condition) -> None:
        WebDriverWait(driver, 60, 0.05).until(lambda _: condition(), f"waited in vain for {what}")
        if folder:
            driver.save_screenshot(str(pathlib.Path(folder[0]) / f"{what}.png"))

    def fill(**fields: str) -> None:
        for name, value in fields.items():
            field = driver.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)

    driver.get(url)
    wait("empty", lambda: text("ready-text") == "Ready")
    driver.find_element(By.ID, "fuse").click()
    wait("without pictures", lambda: "MRI" in text("problem"))

    driver.find_element(By.NAME, "mri").send_keys(mri)
    driver.find_element(By.NAME, "other").send_keys(ct)
    driver.find_element(By.TAG_NAME, "summary").click()
    fill(samples="2", steps="3")
    driver.find_element(By.ID, "fuse").click()
    wait("finished", lambda: text("state-text") == "Succeeded" and text("scale-end").endswith("grey levels"))
    assert not text("problem"), text("problem")
    assert driver.find_element(By.ID, "fused-picture").get_property("naturalWidth") > 0
    assert "DDIM, 3 steps" in text("facts") and "SSIM" in text("scores")
    finished = driver.current_url

    fill(samples="64", steps="1000")
    driver.find_element(By.ID, "fuse").click()
    wait("running", lambda: text("state-detail").startswith("step"))
    driver.find_element(By.ID, "cancel").click()
    wait("cancelled", lambda: text("state-text") == "Cancelled")

    # An old job, from its address.
    driver.get("about:blank")
    driver.get(finished)
    wait("old", lambda: text("state-text") == "Succeeded" and "SSIM" in text("scores"))
    complaints = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert not complaints, complaints

    driver.find_element(By.NAME, "mri").send_keys(mri)
    driver.find_element(By.NAME, "other").send_keys(ct)
    driver.find_element(By.TAG_NAME, "summary").click()
    fill(steps="5000")
    driver.find_element(By.ID, "fuse").click()
    wait("refused", lambda: "steps is 5000" in text("problem"))
    assert driver.switch_to.active_element.get_attribute("name") == "steps", "the field that is wrong has the focus"
print("done")
